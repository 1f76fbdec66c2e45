import { Spin } from 'antd'
import { lazy, Suspense } from 'react'
import type { DayChartProps } from './DayChart.tsx'
import type { TimeChartProps } from './TimeChart.tsx'

const DayChart = lazy(() => import('./DayChart.tsx'))

/** The page does not wait for the chart: until it is there, its place is taken. */
export function LazyDayChart(props: DayChartProps) {
  return (
    <Suspense fallback={<ChartPlace />}>
      <DayChart {...props} />
    </Suspense>
  )
}

const TimeChart = lazy(() => import('./TimeChart.tsx'))

export function LazyTimeChart(props: TimeChartProps) {
  return (
    <Suspense fallback={<ChartPlace />}>
      <TimeChart {...props} />
    </Suspense>
  )
}

/** As high as the chart and its legend. */
const ChartPlace = () => (
  <>
    <div className="chart-legend" />
    <div className="chart-place" aria-busy>
      <Spin />
    </div>
  </>
)
