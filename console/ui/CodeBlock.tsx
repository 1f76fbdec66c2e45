import { CopyButton } from './CopyButton.tsx'

/** Text to copy, as it is. */
export function CodeBlock({ code }: { code: string }) {
  return (
    <div style={{ position: 'relative' }}>
      <pre className="code">{code}</pre>
      <div style={{ position: 'absolute', insetBlockStart: 8, insetInlineEnd: 8 }}>
        <CopyButton text={code} />
      </div>
    </div>
  )
}
