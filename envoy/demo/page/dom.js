// Builds elements from text that others wrote. It is always inserted as text, never as markup.

export const byId = (id) => document.getElementById(id);

/** Creates an element from its name with classes (`p.hint`), its properties and its content. */
export function element(kind, properties = {}, ...content) {
  const [name, ...classes] = kind.split(".");
  const created = Object.assign(document.createElement(name), properties);
  created.classList.add(...classes);
  created.append(...content);
  return created;
}
