"""A page that ends early has its frame: else there is no way out of it."""

import pytest
from streamlit.testing.v1 import AppTest


def _page_in_its_frame():
    import streamlit as st

    from cxr_core.ui.ending import end_page

    try:
        st.text("the page")
        end_page()
        st.text("what comes after")
    finally:
        st.text("the frame")


def test_a_page_that_ends_early_is_in_its_frame():
    app = AppTest.from_function(_page_in_its_frame).run()
    assert not app.exception
    assert [each.value for each in app.text] == ["the page", "the frame"]


def _page_with_a_part_that_draws_itself_anew():
    import streamlit as st

    from cxr_core.ui.ending import end_page
    from cxr_core.ui.mishaps import to_the_end_of_the_run

    with to_the_end_of_the_run():
        if st.session_state.get("how") == "early":
            end_page()
        if st.session_state.get("how") == "failing":
            raise ValueError("a failure")
        st.fragment(st.text)("the part")


@pytest.mark.parametrize("how", ["early", "failing"])
def test_a_page_that_ends_before_its_end_has_none_of_the_parts_that_were_there_before(how):
    app = AppTest.from_function(_page_with_a_part_that_draws_itself_anew).run()
    assert app.text[0].value == "the part"
    assert app._fragment_storage._fragments
    app.session_state["how"] = how
    app.run()
    assert not app.text
    assert not app._fragment_storage._fragments
