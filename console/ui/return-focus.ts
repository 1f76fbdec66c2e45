// A dialog of ours leaves the page at once when it closes, before Ant Design has given the focus back to where it was: to
// the button that opened it. Done here for all of them.
const isOpen = (): boolean =>
  [...document.querySelectorAll('[role=dialog]')].some(dialog => dialog.getClientRects().length > 0)

export function returnFocus(): void {
  let outside: HTMLElement | null = null
  let inside = false
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof HTMLElement)) return
    inside = target.closest('[role=dialog]') !== null || (inside && isOpen())
    // While one is open the focus comes by what lies behind it, and is led back.
    if (!inside && !isOpen()) outside = target
  })
  new MutationObserver(() => {
    if (!inside || isOpen()) return
    inside = false
    if (document.activeElement === document.body) outside?.focus()
  }).observe(document.body, { childList: true })
}
