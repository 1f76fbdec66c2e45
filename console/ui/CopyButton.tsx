import { CheckOutlined, CopyOutlined } from '@ant-design/icons'
import { useEffect, useState } from 'react'
import { t } from '../i18n/t.ts'

const saidForMs = 2_000

/**
 * Copies a text, and says so for a moment. Bare, since a long table has one in each of its rows: Ant Design's own brings a
 * tooltip and an observer of its size along, which costs more than all the rest of a row.
 */
export function CopyButton({ text, label = t('common.copy') }: { text: string; label?: string }) {
  const [copied, setCopied] = useState(false)
  useEffect(() => {
    if (!copied) return
    const timer = setTimeout(setCopied, saidForMs, false)
    return () => clearTimeout(timer)
  }, [copied])
  const name = copied ? t('common.copied') : label
  return (
    <button
      type="button"
      className="copy-button"
      title={name}
      aria-label={name}
      onClick={event => {
        event.stopPropagation()
        void copy(text, event.currentTarget).then(() => setCopied(true))
      }}
    >
      {copied ? <CheckOutlined aria-hidden /> : <CopyOutlined aria-hidden />}
    </button>
  )
}

/** Browsers give a page the clipboard on loopback and behind TLS only; elsewhere the old way still works. */
async function copy(text: string, button: HTMLElement): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const area = document.createElement('textarea')
  area.value = text
  // Beside the button: a dialog lets nothing outside of it have the focus.
  area.className = 'visually-hidden'
  button.after(area)
  area.select()
  document.execCommand('copy')
  area.remove()
  button.focus()
}
