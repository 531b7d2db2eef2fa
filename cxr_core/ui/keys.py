"""The keys of the review page: what `?` lists there, and docs/reading.md."""

KEYS = (
    (("A", "D"), "agree or disagree with the model"),
    (("N", "P"), "your answer: Normal or Pneumonia"),
    (("1", "…", "9", "0", "U", "L"), "why you disagree"),
    (("Enter",), "record the read and go to the next case"),
    (("E", "Ctrl Z"), "revise what you recorded last; take it back"),
    (("J", "→"), "next case, without recording"),
    (("K", "←"), "the case before"),
    (("H", "V"), "heatmap on or off; a tint, or lines of equal evidence"),
    (("S", "Y"), "one pane or two; the earlier X-ray beside the new one"),
    (("drag",), "window: right for less contrast, up for brighter"),
    (("W", "I"), "next window (⇧W back); invert"),
    (("+", "-", "wheel"), "zoom; drag with the right button or two fingers to move"),
    (("Z", "F"), "pixel on pixel; all of it as it was sent"),
    (("T", "X"), "turn (⇧T back), mirror"),
    (("G", "M"), "magnifier; measure a length"),
    (("B", "O"), "mark with a box or an oval; once more: place it without a mouse"),
    (("arrows", "⇧ arrows"), "move or resize the chosen mark"),
    (("Del",), "remove the chosen mark, or the last one"),
    (("?",), "all keys"),
    (("Esc",), "put the tool away; leave the comment, so that keys work again"),
)
STEPS = {"j": "step-next", "ArrowRight": "step-next", "k": "step-back", "ArrowLeft": "step-back"}
"""Which button a key presses, by the key that the page gives it."""
