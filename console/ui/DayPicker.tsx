// The calendar behind DayField: as heavy as a page, so it comes after it.
import { DatePicker } from 'antd'
import dayjs from 'dayjs'
import 'dayjs/locale/zh-cn'
import type { ReactNode } from 'react'

const dayFormat = 'YYYY-MM-DD'
const minuteFormat = 'YYYY-MM-DD HH:mm'

export interface DayFieldProps {
  /** As the browser's calendar has it: `2026-11-25`, or with `minutes` `2026-11-25 08:00`; empty: none. */
  value: string
  onChange: (value: string) => void
  minutes?: boolean
  label?: string
  prefix?: ReactNode
  id?: string
  width?: number | string
}

export default function DayPicker({
  value,
  onChange,
  minutes = false,
  label,
  prefix,
  id,
  width = '100%',
}: DayFieldProps) {
  const format = minutes ? minuteFormat : dayFormat
  const chosen = dayjs(value)
  return (
    <DatePicker
      {...(id === undefined ? {} : { id })}
      {...(label === undefined ? {} : { 'aria-label': label })}
      prefix={prefix}
      format={format}
      showTime={minutes ? { format: 'HH:mm' } : false}
      needConfirm={false}
      value={value !== '' && chosen.isValid() ? chosen : null}
      onChange={at => onChange(at === null ? '' : at.format(format))}
      style={{ width }}
    />
  )
}
