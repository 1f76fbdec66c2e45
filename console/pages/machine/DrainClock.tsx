import { useEffect, useState } from 'react'
import { t } from '../../i18n/t.ts'

/** What is left until the deadline, by the second; past it, for how long. */
export function DrainClock({ deadlineAt }: { deadlineAt: string }) {
  const now = useNow()
  const leftMs = Date.parse(deadlineAt) - now
  const time = clockText(Math.abs(leftMs))
  return (
    <span role="timer" className="numeric">
      {t(leftMs > 0 ? 'drain.left' : 'drain.late', { time })}
    </span>
  )
}

function useNow(): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** `59:07`, `23:59:59`. */
export function clockText(ms: number): string {
  const seconds = Math.floor(ms / 1_000)
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const shown = parts[0] === 0 ? parts.slice(1) : parts
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, '0'))).join(':')
}

/** How long something has gone on, by the second. */
export function Elapsed({ since, owner }: { since: string; owner: string }) {
  const now = useNow()
  return <>{t('drain.waitsFor', { time: clockText(Math.max(0, now - Date.parse(since))), owner })}</>
}
