import { expect, test } from 'vitest'
import { PodMetrics, quantityOf } from '../../src/drivers/kubernetes/pod-metrics.ts'
import { openCluster } from './cluster.ts'

test.each([
  ['250m', 0.25],
  ['12345678n', 0.012345678],
  ['64Mi', 64 * 2 ** 20],
  ['2', 2],
  ['nonsense', 0],
])('reads the amount %s', (text, amount) => {
  expect(quantityOf(text)).toBeCloseTo(amount, 9)
})

test('adds up what pods use, a sample once', async context => {
  const { double, api } = await openCluster()
  if (double === null) return context.skip('the double alone is told what pods use')
  const metrics = new PodMetrics(api(), 'one')
  const sample = (timestamp: string, cpu: string) =>
    double.store.write('metrics.k8s.io/pods', {
      metadata: {
        ...{ name: 'one-x', namespace: 'berth-acc-1' },
        labels: { 'berth.dev/installation': 'one', 'berth.dev/process': 'one' },
      },
      ...{ timestamp, window: '15s', containers: [{ name: 'service', usage: { cpu, memory: '64Mi' } }] },
    })
  const figures = async () => (await metrics.read()).get('one')
  expect(await figures()).toBeUndefined()
  sample('2026-03-01T00:00:15Z', '500m')
  const atMs = Date.parse('2026-03-01T00:00:15Z')
  expect(await figures()).toEqual({ cpuMs: 7_500, atMs, memoryMib: 64, gpuPercent: null })
  expect(await figures()).toMatchObject({ cpuMs: 7_500, atMs })
  sample('2026-03-01T00:00:25Z', '1')
  expect(await figures()).toMatchObject({ cpuMs: 17_500, atMs: atMs + 10_000 })
})

test('a cluster without the metrics API tells nothing', async () => {
  const { api } = await openCluster()
  expect(await new PodMetrics(api(), 'nobody').read()).toEqual(new Map())
})
