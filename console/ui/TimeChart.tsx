// Figures over time as lines, in the theme's colours; it tells the values under the pointer, and says in words what they were
// last. Where nothing is known the line has a gap. Loaded when it is first seen (LazyTimeChart.tsx).
import { theme } from 'antd'
import { useEffect, useMemo, useRef, useState } from 'react'
import UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatInstant, formatTime } from '../i18n/t.ts'
import { axisOf, chartHeight, type Token } from './chart-axis.ts'

export interface TimeSeries {
  name: string
  /** One a step; null: not known. */
  values: readonly (number | null)[]
}

export interface TimeChartProps {
  /** What it shows, in words. */
  label: string
  from: string
  stepSeconds: number
  series: readonly TimeSeries[]
  format: (value: number) => string
  /** Instead of a value that is not known. */
  unknown: string
}

export default function TimeChart({ label, from, stepSeconds, series, format, unknown }: TimeChartProps) {
  const { token } = theme.useToken()
  const place = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number | null>(null)
  const colours = useMemo(() => coloursOf(token, series.length), [token, series.length])
  const startSeconds = Date.parse(from) / 1000
  useEffect(() => {
    const element = place.current
    if (!element) return
    const times = (series[0]?.values ?? []).map((_, index) => startSeconds + index * stepSeconds)
    const options = optionsOf({ colours, token, format, width: element.clientWidth, onPoint: setAt })
    const data = [times, ...series.map(({ values }) => [...values])] as UPlot.AlignedData
    const chart = new UPlot(options, data, element)
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: chartHeight }))
    resized.observe(element)
    return () => {
      resized.disconnect()
      chart.destroy()
    }
  }, [startSeconds, stepSeconds, series, colours, token, format])
  const shown = (values: TimeSeries['values']): string => {
    const value = at === null ? lastOf(values) : (values[at] ?? null)
    return value === null ? unknown : format(value)
  }
  return (
    <figure className="time-chart">
      <figcaption className="label">{label}</figcaption>
      <div className="chart-legend">
        {series.map(({ name, values }, index) => (
          <span key={name}>
            <span className="chart-swatch" style={{ background: colours[index] }} />
            {name} {shown(values)}
          </span>
        ))}
        <span className="quiet">
          {at === null
            ? ''
            : formatInstant(new Date((startSeconds + at * stepSeconds) * 1000).toISOString(), undefined, true)}
        </span>
      </div>
      <div ref={place} role="img" aria-label={label} className="chart" />
    </figure>
  )
}

const lastOf = (values: TimeSeries['values']): number | null => values.findLast(value => value !== null) ?? null

/** As many as there are lines: the theme's, then round again. */
function coloursOf(token: Token, count: number): string[] {
  const known = [token.colorPrimary, token.colorWarning, token.colorError, token.purple, token.cyan, token.magenta]
  return Array.from({ length: count }, (_, index) => known[index % known.length] ?? token.colorText)
}

interface OptionsOf {
  colours: readonly string[]
  token: Token
  format: (value: number) => string
  width: number
  onPoint: (index: number | null) => void
}

function optionsOf({ colours, token, format, width, onPoint }: OptionsOf): UPlot.Options {
  const axis = axisOf(token)
  return {
    width,
    height: chartHeight,
    legend: { show: false },
    cursor: { x: true, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, __, most) => [0, most > 0 ? most * 1.1 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, space: 80, values: (_, marks) => marks.map(mark => formatTime(mark * 1000)) },
      { ...axis, size: 76, values: (_, marks) => marks.map(format) },
    ],
    series: [
      {},
      ...colours.map((stroke): UPlot.Series => ({ stroke, width: 1.5, points: { show: false }, spanGaps: false })),
    ],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  }
}
