// Elements out of text that others wrote: it only ever becomes text, never markup.

export const byId = (id) => document.getElementById(id);

/** An element: its name with classes (`p.hint`), properties, and what is in it. */
export function element(kind, properties = {}, ...content) {
  const [name, ...classes] = kind.split(".");
  const made = Object.assign(document.createElement(name), properties);
  made.classList.add(...classes);
  made.append(...content);
  return made;
}
