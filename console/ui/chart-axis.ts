// How the axes of every chart look.
import type { theme } from 'antd'
import type UPlot from 'uplot'

export type Token = ReturnType<typeof theme.useToken>['token']

export const chartHeight = 240

export const axisOf = (token: Token): UPlot.Axis => ({
  stroke: token.colorTextSecondary,
  font: `12px ${token.fontFamily}`,
  grid: { stroke: token.colorBorderSecondary, width: 1 },
  ticks: { show: false },
})
