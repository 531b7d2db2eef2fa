// The family tree: a click on a row, or Enter on a version's name, chooses the version.

export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".family");
  const hadFocus = place.contains(place.getRootNode().activeElement);
  place.innerHTML = data.html;
  if (hadFocus) place.querySelector(".chosen button").focus();
  place.onclick = (event) => {
    const row = event.target.closest("[data-version]");
    if (row) setTriggerValue("chosen", row.dataset.version);
  };
}
