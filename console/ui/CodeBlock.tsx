import { useEffect, useRef } from 'react'
import { CopyButton } from './CopyButton.tsx'
import { makeReachable } from './reachable.ts'

/** Text to copy, as it is. */
export function CodeBlock({ code }: { code: string }) {
  const text = useRef<HTMLPreElement>(null)
  useEffect(() => {
    if (text.current) makeReachable(text.current)
  })
  return (
    <div style={{ position: 'relative' }}>
      <pre className="code" ref={text}>
        {code}
      </pre>
      <div style={{ position: 'absolute', insetBlockStart: 8, insetInlineEnd: 8 }}>
        <CopyButton text={code} />
      </div>
    </div>
  )
}
