"""The plan: read strictly, shipped whole, the site's own before the program's."""

import re

import pytest

from cxr_core.errors import BadInput, NotFound
from cxr_core.records import Role, User
from cxr_core.store import plans as kept_plans
from cxr_core.store.db import opened, transaction
from cxr_core.work.models.change_plan import FILE, kept, parse, shipped, site_plan
from cxr_core.work.opening import open_home
from cxr_core.work.starting import ask_for_demo
from tests.work import plans


@pytest.fixture
def home(tmp_path):
    open_home(tmp_path)
    return tmp_path


def test_a_site_goes_by_the_shipped_plan_a_demo_by_its_own(home):
    with opened(home) as db:
        assert (site_plan(home, db).name, site_plan(home, db).demo) == ("default", False)
    ask_for_demo(home)
    with opened(home) as db:
        assert (site_plan(home, db).name, site_plan(home, db).demo) == ("DEMO", True)


def test_a_file_in_the_home_goes_before_both(home):
    plans.write(home, margin="0.03")
    with opened(home) as db:
        assert (site_plan(home, db).name, site_plan(home, db).gate.margin) == ("easy", 0.03)


def test_a_plan_is_kept_by_the_hash_of_its_text(home):
    plan = plans.easy()
    with opened(home) as db:
        with transaction(db):
            assert kept_plans.keep(db, plan.text) == kept_plans.keep(db, plan.text) == plan.sha256
        assert kept(db, plan.sha256) == plan
        with pytest.raises(NotFound, match="no plan 0000"):
            kept(db, "0" * 64)


@pytest.mark.parametrize("name", ["default", "demo"])
def test_every_line_of_a_shipped_plan_must_be_there(name):
    whole = shipped(name).text
    lines = re.findall(r"(?m)^(\w+) = .*\n", whole)
    assert len(lines) >= 24
    for line in re.finditer(r"(?m)^(\w+) = .*\n", whole):
        with pytest.raises(BadInput, match=f"lacks .*{line[1]}"):
            parse(whole[: line.start()] + whole[line.end() :], "a test")


@pytest.mark.parametrize(
    ("line", "wrong", "says"),
    [
        ("margin", "1.5", r"\[gate\] margin: a number from 0 to 1 is needed, it is 1.5"),
        ("margin", '"0.02"', r"margin: a number from 0 to 1 is needed"),
        ("looks", "2.5", r"\[gate\] looks: a whole number is needed"),
        ("flagged", "-1", r"\[data\] flagged: a whole number is needed, it is -1"),
        ("approvals", "true", r"\[approval\] approvals: a whole number is needed"),
        ("epochs", "[10, 1]", r"\[changes\] epochs: a range \[from, up to\] is needed"),
        ("epochs", "10", r"\[changes\] epochs: a range"),
        ("margin", "0.0", r"\[gate\] margin: no set of locked images is large enough"),
        ("margin", "nan", r"margin: a number from 0 to 1 is needed"),
        ("locked_per_class", "inf", r"locked_per_class: a whole number is needed"),
        ("refused_for", '["unlike"]', r"\[changes\] refused_for: nothing is refused for unlike"),
        ("trained", '"head"', r"\[changes\] trained: a list of texts is needed"),
        ("approvers", "[1]", r"\[approval\] approvers: a list of texts"),
        ("demo", '"no"', "name is a text, demo is true or false"),
    ],
)
def test_what_can_not_be_followed_is_named(line, wrong, says):
    with pytest.raises(BadInput, match=says):
        plans.easy(**{line: wrong})


def test_what_no_plan_knows_is_refused(home):
    with pytest.raises(BadInput, match="says marginn, which no plan knows"):
        parse(plans.text().replace("[gate]", "[gate]\nmarginn = 0.5"), "a test")
    with pytest.raises(BadInput, match="a test: says colour"):
        parse('colour = "blue"\n' + plans.text(), "a test")
    (home / FILE).write_text("name = ", encoding="utf-8")
    with opened(home) as db, pytest.raises(BadInput, match=f"{FILE}: "):
        site_plan(home, db)


def test_who_may_approve_is_named_or_left_to_any_admin():
    ada = User(1, "Ada", Role.ADMIN)
    assert plans.easy().approval.is_open_to(ada)
    assert plans.easy(approvers='["ada", "Bea"]').approval.is_open_to(ada)
    assert not plans.easy(approvers='["Bea"]').approval.is_open_to(ada)
