"""A page that ends early has its frame: else there is no way out of it."""

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
