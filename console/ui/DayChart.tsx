// Amounts by day as a chart. It is drawn in the theme's colours and tells the day under the pointer; the page has a table with
// the same figures beside it. Loaded when it is first seen (LazyDayChart.tsx).
import { theme } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatDay, formatDrawn, formatFen } from '../i18n/t.ts'
import { axisOf, chartHeight as height, type Token } from './chart-axis.ts'

export interface DaySeries {
  name: string
  /** One a day. */
  fen: readonly string[]
}

export interface DayChartProps {
  /** What it shows, in words. */
  label: string
  days: readonly string[]
  /** Two, side by side. */
  series: readonly [DaySeries, DaySeries]
  currency: string
}

/** Bars of a day beside each other: the first ends where the second begins. */
const sides = [-1, 1] as const

export default function DayChart({ label, days, series, currency }: DayChartProps) {
  const { token } = theme.useToken()
  const place = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const colours = useMemo(() => [token.colorPrimary, token.colorWarning] as const, [token])
  useEffect(() => {
    const element = place.current
    if (!element) return
    const chart = new UPlot(
      optionsOf({ days, colours, token, currency, width: element.clientWidth, onPoint: setAt }),
      dataOf(days, series),
      element,
    )
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      chart.destroy()
    }
  }, [days, series, colours, token, currency])
  const day = at === null ? undefined : days[at]
  return (
    <div>
      <div className="chart-legend" aria-hidden>
        {series.map(({ name, fen }, index) => (
          <span key={name}>
            <span className="chart-swatch" style={{ background: colours[index] }} />
            {name} {at === null ? '' : formatFen(fen[at] ?? '0', currency)}
          </span>
        ))}
        <span className="quiet">{day === undefined ? '' : formatDay(day)}</span>
      </div>
      <div ref={place} role="img" aria-label={label} className="chart" />
    </div>
  )
}

/** Drawn to the pixel, so rounded by the browser: the figures in words are not. */
const drawn = (fen: string): number => Number(fen) / 100

const dataOf = (days: readonly string[], series: DayChartProps['series']): UPlot.AlignedData => [
  days.map((_, index) => index),
  ...series.map(({ fen }) => fen.map(drawn)),
]

interface OptionsOf {
  days: readonly string[]
  colours: readonly string[]
  token: Token
  currency: string
  width: number
  onPoint: (index: number | null) => void
}

function optionsOf({ days, colours, token, currency, width, onPoint }: OptionsOf): UPlot.Options {
  const axis = axisOf(token)
  const dayOf = (index: number): string => (days[index] ?? '').slice(-2).replace(/^0/, '')
  return {
    width,
    height,
    legend: { show: false },
    cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, days.length - 0.4] },
      y: { range: (_, least, most) => rangeOf(least, most) },
    },
    axes: [
      { ...axis, grid: { show: false }, incrs: [1, 2, 5, 10], values: (_, marks) => marks.map(dayOf) },
      { ...axis, size: 76, values: (_, marks) => marks.map(mark => formatDrawn(mark, currency)) },
    ],
    series: [
      {},
      ...sides.map((align, index): UPlot.Series => {
        const colour = colours[index] ?? token.colorText
        const paths = UPlot.paths.bars?.({ size: [0.4, 24], align })
        return { stroke: colour, fill: colour, width: 0, points: { show: false }, ...(paths ? { paths } : {}) }
      }),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  }
}

/** From 0, also where all of it lies on one side of it. */
function rangeOf(least: number | null, most: number | null): UPlot.Range.MinMax {
  const [bottom, top] = [Math.min(0, least ?? 0), Math.max(0, most ?? 0)]
  return bottom === top ? [0, 1] : [bottom * 1.05, top * 1.05]
}
