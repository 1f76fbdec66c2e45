import { useEffect, useState } from 'react'
import { t } from '../i18n/t.ts'
import { useConnected } from '../live/connected.ts'

/** A page that loads, or comes back into sight, is not connected for a moment: that is nothing to tell. */
const untoldMs = 1_500

/** Quietly says that what is shown may be old. */
export function LiveSign() {
  const connected = useConnected()
  const [told, setTold] = useState(false)
  useEffect(() => {
    if (connected) return setTold(false)
    const timer = setTimeout(() => setTold(true), untoldMs)
    return () => clearTimeout(timer)
  }, [connected])
  return (
    <span role="status" className="live-sign">
      {told && !connected ? t('shell.reconnecting') : ''}
    </span>
  )
}
