/** How many of the display's pixels make a CSS pixel: another number on another display, or at another browser zoom. */

/** Tells every change of the ratio, for as long as the page lives. */
export function onPixelRatio(changed: () => void): void {
  const wait = (): void => {
    const query = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    query.addEventListener("change", told, { once: true });
  };
  const told = (): void => {
    changed();
    wait();
  };
  wait();
}
