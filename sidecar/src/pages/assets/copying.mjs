// Copies what the page shows.

// Copies a text, which stands in this element as well. Comes back with whether it was copied; where
// the browser does not let us, the element's text is selected for the reader to copy.
export async function copy(text, element) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Not allowed here, or too old: the way that needs no permission.
  }
  if (typeof element.select === 'function') element.select();
  else getSelection().selectAllChildren(element);
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  }
}
