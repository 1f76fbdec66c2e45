/** What scrolls can be scrolled by keyboard: where nothing in it takes the focus, it does so itself. */
export function makeReachable(element: HTMLElement): void {
  const scrolls = element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight
  if (scrolls && element.querySelector('a, button, input') === null) element.tabIndex = 0
  else element.removeAttribute('tabindex')
}
