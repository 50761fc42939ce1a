/** Takes the style elements that a library makes for itself and turns them into style sheets of a shadow root. */

/**
 * Runs `work`; while it runs, `document.createElement("style")` gives an element whose text becomes a style sheet of
 * `root`. A content security policy without 'unsafe-inline' refuses style elements, but not sheets made by script.
 */
export function withAdoptedStyles(root: ShadowRoot, work: () => void): void {
  const create = document.createElement.bind(document);
  document.createElement = ((name: string, options?: ElementCreationOptions) =>
    name === "style" ? adopted(root, create("template")) : create(name, options)) as typeof document.createElement;
  try {
    work();
  } finally {
    Reflect.deleteProperty(document, "createElement");
  }
}

function adopted(root: ShadowRoot, stand: HTMLElement): HTMLElement {
  const sheet = new CSSStyleSheet();
  root.adoptedStyleSheets.push(sheet);
  Object.defineProperty(stand, "textContent", { set: (text: string) => sheet.replaceSync(text) });
  stand.remove = () => {
    root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
    Element.prototype.remove.call(stand);
  };
  return stand;
}
