/**
 * Lets a library that writes styles into the document work where a content security policy without 'unsafe-inline'
 * refuses them: style elements become style sheets of a shadow root, style attributes are set by script.
 */

/**
 * Runs `work`; while it runs, `document.createElement("style")` gives an element whose text becomes a style sheet of
 * `root`: sheets made by script are not refused.
 */
export function withAdoptedStyles(root: ShadowRoot, work: () => void): void {
  type Create = (name: string, options?: ElementCreationOptions) => HTMLElement;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- only for names that HTML does not know
  const create: Create = document.createElement.bind(document);
  const instead: Create = (name, options) =>
    name === "style" ? adopted(root, create("template")) : create(name, options);
  Object.defineProperty(document, "createElement", { value: instead, configurable: true, writable: true });
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

interface Rows {
  _addStyle?(element: HTMLElement, style: string): void;
}

/**
 * Has xterm.js set the colours of its cells by script. It writes them into style attributes, through one private
 * function and with no option for it; its version is locked and tests/real/test_browser_serial.py sees the colours.
 */
export function scriptCellStyles(terminal: object): void {
  const { _core } = terminal as { _core?: { _renderService?: { _renderer?: { value?: { _rowFactory?: Rows } } } } };
  const rows = _core?._renderService?._renderer?.value?._rowFactory;
  if (rows) rows._addStyle = (element, style) => (element.style.cssText += style);
}
