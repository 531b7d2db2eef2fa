"""What a person sees when something goes wrong."""

from __future__ import annotations

import logging

import pytest
from streamlit.testing.v1 import AppTest


@pytest.fixture
def logged():
    """What the screens write to their log, whatever the log of the whole program is set to."""
    log, records = logging.getLogger("cxr_core.ui"), []
    handler = logging.Handler()
    handler.emit = records.append
    log.addHandler(handler)
    yield records
    log.removeHandler(handler)


def test_an_error_made_for_people_is_shown_as_it_is():
    def page() -> None:
        from cxr_core.errors import BadInput
        from cxr_core.ui.mishaps import show

        assert show(BadInput("say why, in a sentence"))

    assert AppTest.from_function(page).run().error[0].value == "say why, in a sentence"


def test_any_other_error_is_one_sentence_with_a_reference_that_the_log_knows(logged):
    def page() -> None:
        from cxr_core.ui.mishaps import show

        show(ValueError("Smith^John, born 1970"))

    app = AppTest.from_function(page).run()
    [said] = [error.value for error in app.error]
    reference = logged[-1].args[0]
    assert reference in said
    assert "Smith" not in said
    assert not app.exception


def test_what_a_person_can_mend_is_told_and_the_page_goes_on():
    def page() -> None:
        import streamlit as st

        from cxr_core.errors import Conflict
        from cxr_core.ui.mishaps import told

        with told():
            raise Conflict("somebody was first")
        st.caption("the rest of the page")

    app = AppTest.from_function(page).run()
    assert app.error[0].value == "somebody was first"
    assert app.caption[0].value == "the rest of the page"
