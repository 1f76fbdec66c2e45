// What a drain waits for is said in the reader's language, with the server's figures and none of its sentences.
import { expect, test } from 'vitest'
import type { Obstacle } from '../../src/services/rollout/rollout-snapshot.ts'
import { inLanguage, type Language } from './dictionary.ts'

// Named by a variable, and after the dictionary: it asks a browser for the language, and the compiler must not take it in.
const [shown] = ['../../console/pages/machine/waits-for.ts']
const { waitText } = (await import(shown ?? '')) as { waitText(waitsFor: object | null): string }

const message = 'said by the server'
const machines = { total: 3, open: 2, held: 1, lost: 0, notRunning: 0 }
const missing = { cpuMilli: 1_500, memoryMib: 0, gpuCount: 0, gpuMemoryMib: 0 }
const said = (language: Language, obstacle: Omit<Obstacle, 'message'>) => {
  inLanguage(language)('drain.moving')
  return waitText({ message, count: null, gatewayIds: [], noRoom: null, ...obstacle })
}

const obstacles: [Omit<Obstacle, 'message'>, zh: string, en: string][] = [
  [
    { code: 'NoRoom', noRoom: { code: 'NoRoom', message, missing, nearestMachineId: 'm1', helps: [], machines } },
    '空间不足：同一台机器上还缺 1.5\u00a0核 CPU（1 台停止调度或清空中）',
    'No room: one machine lacks 1.5\u00a0vCPU (1 with scheduling stopped or draining)',
  ],
  [
    { code: 'ReplacementFailing', count: 2 },
    '替代实例反复结束（已 2 次）',
    'Its replacement fails: it has ended 2 times',
  ],
  [{ code: 'ReplacementStarting' }, '替代实例正在启动', 'Its replacement is starting'],
  [
    { code: 'GatewayNotAcknowledged', gatewayIds: ['gw-1', 'gw-2'] },
    '等待网关切换流量（gw-1，gw-2 尚未确认）',
    'Traffic is being moved; not yet acknowledged by gw-1, gw-2',
  ],
  [{ code: 'RequestsInFlight', count: 1 }, '等待 1 个在途请求完成', '1 request is being finished'],
  [
    { code: 'RequestsInFlight', gatewayIds: ['gw-1'] },
    '等待网关报告在途请求（gw-1）',
    'Waits for gw-1 to report what is in flight',
  ],
  [{ code: 'OpenConnections', count: 2 }, '等待 2 个连接关闭', '2 connections are still open'],
  [{ code: 'Stopping' }, '正在停止进程', 'Its process is ending'],
]

test.each(obstacles)('$code is said in both languages', (obstacle, zh, en) => {
  expect([said('zh', obstacle), said('en', obstacle)]).toEqual([zh, en])
})

test('one that has no figures yet is told as the server says it', () => {
  expect(said('zh', { code: 'RequestsInFlight' })).toBe(message)
})
