"""Text burnt into the pixels of an X-ray: where it stands, and how it's taken out.

Nothing is read, and no header asked: text is what is drawn in strokes that are thin, as bright as each other and
stand side by side. `strokes` finds what may be letters, `lines` which of them make a line, `writing` which lines
are text and how far it reaches, `finding` what is to be blanked and what somebody must look at, and `blanking`
fills it in.
"""
