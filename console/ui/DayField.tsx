// Days and times as people choose them. A browser's own field has the order of the browser's language, not the console's.
import { Input } from 'antd'
import { lazy, Suspense } from 'react'
import type { DayFieldProps } from './DayPicker.tsx'

const DayPicker = lazy(() => import('./DayPicker.tsx'))

/** The page does not wait for the calendar: until it is there, its place is taken. */
export function DayField(props: DayFieldProps) {
  const { label, prefix, width = '100%' } = props
  return (
    <Suspense fallback={<Input disabled aria-busy aria-label={label} prefix={prefix} style={{ width }} />}>
      <DayPicker {...props} />
    </Suspense>
  )
}
