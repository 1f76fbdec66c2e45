import { expect, it } from 'vitest'
import type { Launch } from '../../services/driver.ts'
import { asImage } from './model-server.ts'

const aLaunch = (program: Launch['program']): Launch => ({
  ...{ serviceInstanceId: 'digits-1', restartCount: 0, machineId: 'eas-i-1', serviceId: 'eas-m-1', accountId: 'acc-1' },
  ...{ groupId: 'eas-r-1', graceMs: 30_000, program, env: {}, cpuMilli: 1_500, memoryMiB: 512, gpuIndexes: [] },
  health: { path: '/v2/health/ready', startTimeoutMs: 1_000, periodMs: 100, timeoutMs: 100, failureThreshold: 3 },
})
const onnx = { kind: 'onnx', modelPath: 'https://models.test/m.onnx', modelName: 'digits' } as const
const server = { image: 'registry.test/berth:1', networks: ['10.0.0.0/8'] }

it("the model server is Berth's own image, which fetches the model first and then serves it", () => {
  expect(asImage(aLaunch(onnx), server)?.program).toEqual({
    ...{ kind: 'image', image: 'registry.test/berth:1', argv: [], port: null },
    args: [
      ...['--max-semi-space-size=2', 'src/agent/fetch-model.ts', '--into', '/tmp/models', '--allow', '10.0.0.0/8'],
      ...['model=https://models.test/m.onnx', '--'],
      ...['src/model-server/main.ts', '--model', '/tmp/models/model', '--name', 'digits'],
    ],
  })
})

it('an image stays what it is; a command is none, nor is a model without the image of a server', () => {
  const image: Launch['program'] = { kind: 'image', image: 'acme/digits:2', argv: [], port: 80 }
  expect(asImage(aLaunch(image), server)?.program).toEqual(image)
  expect(asImage(aLaunch({ kind: 'command', argv: ['serve'] }), server)).toBeNull()
  expect(asImage(aLaunch(onnx), { ...server, image: null })).toBeNull()
})
