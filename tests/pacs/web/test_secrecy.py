"""Nobody's name and no secret leaves this program but to the server, and only where the protocol wants it."""

import logging
import random

import pytest

from cxr_core.errors import BadInput, CxrError
from cxr_core.pacs.outcome import Outcome
from cxr_core.pacs.web.endpoint import WebEndpoint
from cxr_core.pacs.web.fetching import fetch
from cxr_core.pacs.web.finding import Query, echo, present, search
from cxr_core.pacs.web.storing import store
from tests.orthanc import PASSWORD
from tests.pacs.web.archive import empty, signed_in
from tests.pacs.web.films import CANARY, film, header, store_response, uid
from tests.pacs.web.servers import serving
from tests.pacs.web.test_multipart_fuzz import broken


def test_nothing_is_logged_or_printed_of_whom_an_archive_tells(orthanc, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    empty(orthanc)
    endpoint, file = signed_in(orthanc, tmp_path), film()
    ds = header(file)
    outcomes = store(endpoint, [file, film(2)[:3000]])
    matches = search(endpoint, Query(patient=f"{CANARY}-1"))
    assert [fetch(endpoint, match) for match in matches] == [file]
    assert present(endpoint, ds.StudyInstanceUID, ds.SeriesInstanceUID, {uid(file)}) == {uid(file)}
    said = "".join((caplog.text, *capfd.readouterr(), repr(outcomes), repr(matches), repr(endpoint)))
    assert CANARY not in said
    assert PASSWORD not in said


def test_a_refused_question_does_not_repeat_whom_it_was_about():
    with pytest.raises(BadInput) as caught:
        Query(patient=f"{CANARY}*")
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize("seed", range(3))
def test_every_broken_answer_is_answered_and_never_repeated(seed):
    """To what is stored and to what is searched for: with an outcome, or an error that is fit for a screen."""
    chance, file = random.Random(seed), film()
    whole = store_response([uid(file)], [(CANARY, 0xA900)]) + b" "
    answers = [broken(whole, chance) for _ in range(60)]
    coming = iter(answers * 3)
    with serving(lambda request: (chance.choice((200, 202, 409, 503)), {}, next(coming))) as server:
        endpoint = WebEndpoint(server.url)
        for _ in answers:
            [outcome] = store(endpoint, [file])
            assert isinstance(outcome, Outcome)
            assert CANARY not in repr(outcome)
            try:
                echo(endpoint)
            except CxrError as error:
                assert CANARY not in str(error)
