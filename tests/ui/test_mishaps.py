"""What a person sees when something goes wrong."""

from __future__ import annotations

import re

from streamlit.testing.v1 import AppTest


def test_an_error_made_for_people_is_shown_as_it_is():
    def page() -> None:
        from cxr_core.errors import BadInput
        from cxr_core.ui.mishaps import show

        assert show(BadInput("say why, in a sentence"))

    assert AppTest.from_function(page).run().error[0].value == "say why, in a sentence"


def test_any_other_error_is_one_sentence_with_a_reference_that_the_log_knows(caplog):
    def page() -> None:
        from cxr_core.ui.mishaps import show

        show(ValueError("Smith^John, born 1970"))

    app = AppTest.from_function(page).run()
    assert not app.exception
    [said] = [error.value for error in app.error]
    [reference] = re.findall(r"reference ([0-9a-f]{8}) in the log", said)
    assert f"page failed, reference {reference}" in caplog.text
    assert "Smith" not in said


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
