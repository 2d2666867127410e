// Gives the reader a file.

export function saveAs(name, parts, type) {
  const file = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = file;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(file), 60_000);
}
