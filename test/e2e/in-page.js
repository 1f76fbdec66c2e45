// Runs inside a page of the browser, read as text by quality.ts.

/** What does not fit into the window: the page itself, or something to press that is cut off or lies under another. */
globalThis.layoutProblems = () => {
  const problems = []
  const width = window.innerWidth
  const wide = document.scrollingElement?.scrollWidth ?? 0
  if (wide > width) problems.push(`the page is ${wide} px wide in a window of ${width}`)
  const nameOf = element =>
    `${element.tagName.toLowerCase()} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').slice(0, 40)}”`
  const scrolls = element => {
    for (let at = element.parentElement; at !== null; at = at.parentElement) {
      if (at.scrollWidth > at.clientWidth && /auto|scroll/.test(getComputedStyle(at).overflowX)) return true
    }
    return false
  }
  // Under a dialog or a menu the rest of the page may be covered.
  const layer = [...document.querySelectorAll('.ant-modal, .ant-drawer, .ant-dropdown')].findLast(
    one => one.getBoundingClientRect().height > 0,
  )
  for (const element of (layer ?? document).querySelectorAll('button, a[href], input, [role=tab], [role=combobox]')) {
    const style = getComputedStyle(element)
    const box = element.getBoundingClientRect()
    if (box.width < 2 || box.height < 2 || style.visibility === 'hidden' || style.opacity === '0') continue
    if (element.closest('[inert], .skip-link, .ant-tabs-nav')) continue
    if ((box.left < -1 || box.right > width + 1) && !scrolls(element)) {
      problems.push(`${nameOf(element)} is cut off: ${Math.round(box.left)} to ${Math.round(box.right)} of ${width}`)
    }
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2]
    if (x < 0 || y < 0 || x > width || y > window.innerHeight) continue
    const top = document.elementFromPoint(x, y)
    if (top === null || isScrolledAway(element, top)) continue
    if (!element.contains(top) && !top.contains(element) && !isLabelOf(element, top) && !scrolls(element)) {
      problems.push(`${nameOf(element)} lies under ${nameOf(top)}`)
    }
  }
  return problems

  /** The head of the page stays where it is when the page is scrolled, and what was scrolled lies under it. */
  function isScrolledAway(element, top) {
    const scrolled = (document.scrollingElement?.scrollTop ?? 0) > 0
    return scrolled && top.closest('.shell-header') !== null && element.closest('.shell-header') === null
  }

  /** Inputs lie under what is drawn in their place. */
  function isLabelOf(element, top) {
    return element instanceof HTMLInputElement && (element.parentElement?.parentElement?.contains(top) ?? false)
  }
}

/** What has the focus, null for nothing; and whether one sees it: a line or a shadow around it, or around what is drawn for it. */
globalThis.focusNow = () => {
  const at = document.activeElement
  if (at === null || at === document.body) return { at: null, seen: false }
  const drawn = [at, at.nextElementSibling, at.parentElement, at.parentElement?.parentElement]
  const seen = drawn.some(element => {
    if (!element) return false
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
    return (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
  })
  return { at: at.outerHTML.slice(0, 160), seen: seen && at.matches(':focus-visible') }
}
