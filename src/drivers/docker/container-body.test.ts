import { expect, it } from 'vitest'
import type { Launch } from '../../services/driver.ts'
import { containerBody } from './container-body.ts'
import { Installation } from './labels.ts'

const installation = new Installation('/var/lib/berth')
const options = { networkId: 'net-1', mounts: [], installation, readOnlyRoot: false, capabilities: [], init: true }
const aLaunch = (program: Partial<Extract<Launch['program'], { kind: 'image' }>> = {}, change = {}): Launch => ({
  ...{ serviceInstanceId: 'digits-1', restartCount: 0, machineId: 'eas-i-1', serviceId: 'eas-m-1', accountId: 'acc-1' },
  groupId: 'eas-r-1',
  graceMs: 30_000,
  program: { kind: 'image', image: 'acme/digits:2', argv: [], port: null, ...program },
  ...{ env: {}, cpuMilli: 1_500, memoryMiB: 512, gpuIndexes: [] },
  health: { path: '/up', startTimeoutMs: 1_000, periodMs: 100, timeoutMs: 100, failureThreshold: 3 },
  ...change,
})

it('a container has its limits, no swap, one port on loopback, and no right that it can do without', () => {
  const { HostConfig, ...rest } = containerBody(aLaunch(), options)
  expect(HostConfig).toEqual({
    NetworkMode: 'net-1',
    PortBindings: { '8000/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] },
    ...{ CpuPeriod: 100_000, CpuQuota: 150_000, Memory: 512 * 2 ** 20, MemorySwap: 512 * 2 ** 20, PidsLimit: 1_024 },
    ...{ CapDrop: ['ALL'], CapAdd: [], SecurityOpt: ['no-new-privileges'], Privileged: false },
    ...{ ReadonlyRootfs: false, Tmpfs: {}, Init: true, RestartPolicy: { Name: 'no' }, DeviceRequests: [], Mounts: [] },
    LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } },
  })
  expect(rest).not.toHaveProperty('Entrypoint')
  expect(rest).not.toHaveProperty('Cmd')
  expect(rest).not.toHaveProperty('Volumes')
})

it('a command takes the place of the image’s program, arguments alone go to it; both are told the port', () => {
  const command = containerBody(aLaunch({ argv: ['serve', '--port={PORT}'], port: 80 }), options)
  expect(command).toMatchObject({ Entrypoint: ['serve', '--port=80'], Cmd: [] })
  const args = containerBody(aLaunch({ args: ['--listen', ':{PORT}'] }), options)
  expect(args).toMatchObject({ Cmd: ['--listen', ':8000'] })
  expect(args).not.toHaveProperty('Entrypoint')
})

it('the service can not take PORT and its own id away, and cards are only those it has reserved', () => {
  const env = { PORT: '1', BERTH_INSTANCE_ID: 'another', AT: 'host:{PORT}' }
  const without = containerBody(aLaunch({ port: 9_000 }, { env }), options)
  expect(without.Env.toSorted()).toEqual([
    ...['AT=host:9000', 'BERTH_INSTANCE_ID=digits-1', 'HOST=0.0.0.0', 'NVIDIA_VISIBLE_DEVICES=void', 'PORT=9000'],
  ])
  const withCards = containerBody(aLaunch({}, { gpuIndexes: [0, 2] }), options)
  expect(withCards.HostConfig.DeviceRequests).toEqual([
    { Driver: 'nvidia', DeviceIDs: ['0', '2'], Capabilities: [['gpu']] },
  ])
  expect(withCards.Env.join()).not.toContain('NVIDIA_VISIBLE_DEVICES')
})

it('a root that can not be written has a place to write in memory', () => {
  const { HostConfig } = containerBody(aLaunch(), { ...options, readOnlyRoot: true, capabilities: ['CHOWN'] })
  expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapAdd: ['CHOWN'], CapDrop: ['ALL'] })
  expect(Object.keys(HostConfig.Tmpfs)).toEqual(['/tmp'])
})

it('sees directories of the host as they were allowed', () => {
  const mounts = [{ hostPath: '/data/models', mountPath: '/models', readOnly: true }]
  expect(containerBody(aLaunch(), { ...options, mounts }).HostConfig.Mounts).toEqual([
    { Type: 'bind', Source: '/data/models', Target: '/models', ReadOnly: true },
  ])
})

it('what is no id does not become a name', () => {
  expect(() => installation.containerName('../other')).toThrow('is no id')
})
