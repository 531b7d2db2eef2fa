// The family tree: a click on a row, or Enter on a version's name, chooses the version.

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".family");
  const isNew = !place.firstChild;
  const hadFocus = place.contains(place.getRootNode().activeElement);
  place.innerHTML = data.html;
  const chosen = place.querySelector(".chosen");
  if (isNew) place.scrollTop = chosen.offsetTop + chosen.offsetHeight - place.clientHeight; // its parents are in sight
  if (hadFocus) chosen.querySelector("button").focus({ preventScroll: true });
  place.onclick = (event) => {
    const row = event.target.closest("[data-version]");
    if (row) setTriggerValue("chosen", row.dataset.version);
  };
}
