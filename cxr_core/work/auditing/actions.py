"""What the audit log may tell: every action by its name, with its group, what it means, and its code in DICOM."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Group(StrEnum):
    """Kinds of actions, as the audit page offers them."""

    SIGN_IN = "signing in"
    ACCOUNTS = "accounts"
    VIEW = "views"
    READ = "reads"
    EXPORT = "exports"
    INCOMING = "coming in"
    ANSWERS = "answers"
    SETTING = "settings"
    MODEL = "models"
    PRIVACY = "erasure and keys"
    KEEPING = "backups and age"
    LOG = "the log itself"


class Event(StrEnum):
    """Audit events of DICOM: PS3.16 CID 400, by PS3.15 A.5.3."""

    APPLICATION = "110100"
    LOG_USED = "110101"
    INSTANCES_ACCESSED = "110103"
    INSTANCES_TRANSFERRED = "110104"
    STUDY_DELETED = "110105"
    EXPORT = "110106"
    IMPORT = "110107"
    QUERY = "110112"
    SECURITY_ALERT = "110113"
    USER_AUTHENTICATION = "110114"


@dataclass(frozen=True)
class Action:
    """One action that is recorded."""

    group: Group
    event: Event
    code: str
    """What was done, as DICOM's EventActionCode has it: Create, Read, Update, Delete, Execute."""
    words: str
    """What the row tells."""


def _all(group: Group, event: Event, code: str, **words: str) -> dict[str, Action]:
    return {name.replace("_", " "): Action(group, event, code, said) for name, said in words.items()}


ACTIONS: dict[str, Action] = {
    **_all(Group.SIGN_IN, Event.USER_AUTHENTICATION, "E",
           sign_in="Somebody signed in, and how", failed_sign_in="A wrong password, or a name that nobody has",
           refused_sign_in="The hospital's sign-in vouched for nobody, or for somebody who may not come in: why",
           lock_out="Too many wrong passwords in a row", sign_out="Somebody signed out",
           sign_out_everywhere="Somebody ended all their sessions"),
    **_all(Group.ACCOUNTS, Event.SECURITY_ALERT, "C", add_user="A new account, with its role"),
    **_all(Group.ACCOUNTS, Event.SECURITY_ALERT, "U",
           change_password="Somebody's own new password", reset_password="A first password given by an admin",
           unlock_user="Somebody may try again who had mistyped too often", change_role="Another role",
           disable_user="Somebody may sign in no more", enable_user="Somebody may sign in again",
           end_sessions="An admin ended somebody's sessions"),
    **_all(Group.VIEW, Event.INSTANCES_ACCESSED, "R",
           view_image="The review page showed a case; `opinion`: with the model's opinion",
           reveal="After the reader's own opinion, the model's became visible to them",
           look_into_quarantine="Somebody looked at a file that was held back"),
    **_all(Group.VIEW, Event.INSTANCES_TRANSFERRED, "R",
           send_image="A browser was given an X-ray: to show it, or as one of the next, which may never be looked at",
           send_thumbnail="A browser was given an X-ray as a small picture"),
    **_all(Group.READ, Event.INSTANCES_ACCESSED, "C", read="A read was recorded"),
    **_all(Group.READ, Event.INSTANCES_ACCESSED, "U",
           revise_read="A read was superseded by its reader", undo_read="A read was taken back by its reader"),
    **_all(Group.EXPORT, Event.EXPORT, "R",
           export_history="Reads as CSV", export_drift="The drift page as a file",
           export_training_set="A training set as files", export_audit="This log as CSV"),
    **_all(Group.INCOMING, Event.IMPORT, "C",
           receive_file="A file was kept, before anything of it is looked at: from a user, or over the network",
           take_in="A file became an image of the program", fetch="X-rays were fetched from an archive",
           take_from_quarantine="A file that was held back is taken in", cancel_fetching="Fetching was broken off"),
    **_all(Group.INCOMING, Event.APPLICATION, "D", discard_from_quarantine="A file that was held back is refused"),
    **_all(Group.INCOMING, Event.QUERY, "E", search="An archive was asked what it has"),
    **_all(Group.ANSWERS, Event.INSTANCES_TRANSFERRED, "R",
           answer_accepted="A destination took an answer",
           answer_verified="A destination was shown to keep an answer",
           answer_given_up="An answer isn't sent any more", send_again="Answers that were given up are sent again"),
    **_all(Group.SETTING, Event.APPLICATION, "U",
           start_with_other_settings="The program started with other settings than the last time: their names",
           change_worklist="How a worklist is read", let_send="Somebody may send X-rays in",
           let_send_no_more="Somebody may send no more", add_destination="Where answers may go",
           change_destination="Where a destination is", remove_destination="Answers go there no more",
           hold_destination="Answers to it wait", go_on_with_destination="Answers to it go on",
           add_rule="Which answers go where", remove_rule="A rule is gone", add_source="An archive that is asked",
           remove_source="An archive that is asked no more", fetch_by_itself="What is new is fetched every so often",
           fetch_by_itself_no_more="Nothing is fetched by itself any more", hold_fetching="Fetching by itself waits",
           go_on_with_fetching="Fetching by itself goes on", freeze_reference="What drift is measured against",
           take_alarm="Somebody takes care of an alarm", close_alarm="An alarm was closed, with its cause"),
    **_all(Group.MODEL, Event.APPLICATION, "E",
           start_retrain="A retrain was asked for", ask_for_a_retrain_against_the_plan="And against the plan: why",
           cancel_retrain="A retrain was broken off", make_candidate="A retrain made a candidate",
           approve_model="The first of two approvals", promote_model="A model is in use from now on",
           refuse_model="A candidate was refused", retire_model="A model is used no more",
           roll_back_model="The model before is in use again", install_model="The program's release went into use",
           start_shadow="A candidate judges beside the model in use", end_shadow="It doesn't any more",
           stop="No opinion is shown to anybody from now on", lift_stop="Opinions are shown again"),
    **_all(Group.SETTING, Event.SECURITY_ALERT, "U", go_back="The database from before an update is back"),
    **_all(Group.PRIVACY, Event.STUDY_DELETED, "D",
           erase_patient="All that is known of a patient was erased",
           erase_patient_in_a_backup="And once more, for a backup from before had brought it back"),
    **_all(Group.PRIVACY, Event.SECURITY_ALERT, "C", make_identity_key="The key that seals what identifies"),
    **_all(Group.KEEPING, Event.APPLICATION, "E",
           back_up="A backup was made", restore="The program goes on from a backup"),
    **_all(Group.KEEPING, Event.STUDY_DELETED, "D", remove_by_age="An X-ray was kept long enough, and is gone"),
    **_all(Group.KEEPING, Event.APPLICATION, "D",
           remove_opinion_by_age="An opinion of a model that is used no more was kept long enough",
           remove_shadow_opinion_by_age="An opinion of a model that judged beside the one in use was kept long enough"),
    **_all(Group.LOG, Event.LOG_USED, "R",
           look_into_audit="Somebody looked through this log", verify_audit="The chain was checked"),
    **_all(Group.LOG, Event.LOG_USED, "E", send_audit_head="The end of the chain was told by mail or webhook"),
    **_all(Group.LOG, Event.LOG_USED, "D", cut_audit="Rows that were kept long enough went, into a file"),
}  # fmt: skip
"""By the name that a row has. Whatever the program records is in here."""


def names_of(group: Group) -> tuple[str, ...]:
    """The actions of a group."""
    return tuple(name for name, action in ACTIONS.items() if action.group is group)


FAILED = frozenset({"failed sign in", "refused sign in", "lock out", "answer given up"})
"""Those of which nothing came, or which somebody should look at."""
