import { lazy, Suspense } from 'react'
import type { DayChartProps } from './DayChart.tsx'

const DayChart = lazy(() => import('./DayChart.tsx'))

/** The page does not wait for the chart: until it is there, its place is taken. */
export function LazyDayChart(props: DayChartProps) {
  return (
    <Suspense fallback={<div className="chart-place" />}>
      <DayChart {...props} />
    </Suspense>
  )
}
