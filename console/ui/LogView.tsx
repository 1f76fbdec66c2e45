// Lines of a log, drawn only where they are seen; stays at the end while it is there.
import { useEffect, useLayoutEffect, useRef, useState } from 'react'

const lineHeight = 18
const height = 480
const beyond = 20
/** By keyboard: it scrolls. */
const reachable = { tabIndex: 0 }

interface Props {
  label: string
  lines: readonly string[]
  /** Marked where it occurs. */
  search: string
  follow: boolean
  /** Scrolled away from the end, or back to it. */
  onFollow: (follow: boolean) => void
}

export function LogView({ label, lines, search, follow, onFollow }: Props) {
  const box = useRef<HTMLElement>(null)
  const [top, setTop] = useState(0)
  const count = lines.length
  useLayoutEffect(() => {
    if (follow && box.current && count >= 0) box.current.scrollTop = box.current.scrollHeight
  }, [follow, count])
  useEffect(() => {
    if (search !== '' && box.current && !follow) box.current.scrollTop = 0
  }, [search, follow])
  const first = Math.max(0, Math.floor(top / lineHeight) - beyond)
  const shown = lines
    .slice(first, first + Math.ceil(height / lineHeight) + 2 * beyond)
    .map((line, index) => ({ line, at: first + index }))
  const onScroll = (element: HTMLElement) => {
    setTop(element.scrollTop)
    const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 2 * lineHeight
    if (atEnd !== follow) onFollow(atEnd)
  }
  return (
    <section
      ref={box}
      aria-label={label}
      {...reachable}
      className="code"
      style={{ height, maxHeight: 'none', padding: 0 }}
      onScroll={event => onScroll(event.currentTarget)}
    >
      <div style={{ height: count * lineHeight + 16, position: 'relative', minWidth: 'max-content' }}>
        <div style={{ paddingBlockStart: first * lineHeight + 8, paddingInline: 12 }}>
          {shown.map(({ line, at }) => (
            <div key={at} style={{ height: lineHeight, lineHeight: `${lineHeight}px`, whiteSpace: 'pre' }}>
              <Marked line={line} search={search} />
            </div>
          ))}
        </div>
      </div>
    </section>
  )
}

function Marked({ line, search }: { line: string; search: string }) {
  const at = search === '' ? -1 : line.toLowerCase().indexOf(search.toLowerCase())
  if (at < 0) return <span className="said">{line}</span>
  return (
    <span className="said">
      {line.slice(0, at)}
      <mark>{line.slice(at, at + search.length)}</mark>
      {line.slice(at + search.length)}
    </span>
  )
}
