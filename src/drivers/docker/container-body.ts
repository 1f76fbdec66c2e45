// What a service instance is as a container. Pure. It gets its limits, one port on this host's loopback, no right that a
// program does not have anyway, and nothing of the host: no privileges, no host network, no Docker socket, no directory but those that the operator allows.
import type { Mount } from '../../lib/mounts.ts'
import type { Launch } from '../../services/driver.ts'
import type { ContainerBody } from './engine-types.ts'
import type { Installation } from './labels.ts'

export interface ContainerOptions {
  /** Held against what the operator allows, and as they really are. */
  mounts: readonly Mount[]
  installation: Installation
  /** That of the installation. */
  networkId: string
  /** The root file system can't be written; /tmp is memory. */
  readOnlyRoot: boolean
  /** Given back of those that are taken: some images start as root and change their user. */
  capabilities: readonly string[]
  /** Whether the engine has an init program: it reaps, and passes signals on to programs that forget to. */
  init: boolean
}

/** EAS's default. */
const portDefault = 8_000
const pidsMax = 1_024
const periodUs = 100_000
const quotaMinUs = 1_000
/** As much as the agent keeps of a process that runs. Docker's `local` loses the ends of lines over 16 KiB (20.10). */
const logConfig = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '5' } }

export const publishedOn = '127.0.0.1'

export function containerBody(launch: Launch, options: ContainerOptions): ContainerBody {
  const { program } = launch
  if (program.kind !== 'image')
    throw new Error('the docker engine runs images: the deployment should have been refused')
  const port = program.port ?? portDefault
  const withPort = (text: string): string => text.replaceAll('{PORT}', String(port))
  const argv = program.argv.map(withPort)
  const args = (program.args ?? []).map(withPort)
  return {
    Image: program.image,
    // A command takes the place of the image's own program, arguments alone go to it.
    ...(argv.length > 0 ? { Entrypoint: argv, Cmd: [] } : args.length > 0 ? { Cmd: args } : {}),
    Env: Object.entries(environmentOf(launch, port)).map(([name, value]) => `${name}=${withPort(value)}`),
    Labels: options.installation.labelsOf(launch, port),
    ExposedPorts: { [`${port}/tcp`]: {} },
    HostConfig: {
      NetworkMode: options.networkId,
      // The engine chooses the port on this host, and is the one that holds it.
      PortBindings: { [`${port}/tcp`]: [{ HostIp: publishedOn, HostPort: '' }] },
      ...limitsOf(launch),
      CapDrop: ['ALL'],
      CapAdd: [...options.capabilities],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      ReadonlyRootfs: options.readOnlyRoot,
      Tmpfs: options.readOnlyRoot ? { '/tmp': 'rw,nosuid,nodev,mode=1777' } : {},
      Mounts: options.mounts.map(mountOf),
      Init: options.init,
      // Who ends is reported, and control decides.
      RestartPolicy: { Name: 'no' },
      LogConfig: logConfig,
    },
  }
}

const mountOf = ({ hostPath, mountPath, readOnly }: Mount) => ({
  ...{ Type: 'bind' as const, Source: hostPath, Target: mountPath, ReadOnly: readOnly },
})

function environmentOf(launch: Launch, port: number): Record<string, string> {
  return {
    HOST: '0.0.0.0',
    // Where NVIDIA's runtime is the engine's default it would give every card to those who asked for none.
    ...(launch.gpuIndexes.length === 0 ? { NVIDIA_VISIBLE_DEVICES: 'void' } : {}),
    ...launch.env,
    PORT: String(port),
    BERTH_INSTANCE_ID: launch.serviceInstanceId,
  }
}

/** By quota and not by `NanoCpus`, which an engine refuses above the host's cores: slices of a host share them. */
function limitsOf({ cpuMilli, memoryMiB, gpuIndexes }: Launch) {
  const bytes = memoryMiB * 2 ** 20
  const cards = { Driver: 'nvidia', DeviceIDs: gpuIndexes.map(String), Capabilities: [['gpu']] }
  return {
    CpuPeriod: periodUs,
    CpuQuota: Math.max(quotaMinUs, (cpuMilli * periodUs) / 1000),
    Memory: bytes,
    MemorySwap: bytes,
    PidsLimit: pidsMax,
    DeviceRequests: gpuIndexes.length === 0 ? [] : [cards],
  }
}

/** Containers of one installation share a network on which they can't talk to each other. */
export const networkBody = (installation: Installation): object => ({
  Name: installation.networkName,
  Driver: 'bridge',
  Labels: Object.fromEntries([installation.label.split('=')]),
  Options: {
    'com.docker.network.bridge.enable_icc': 'false',
    'com.docker.network.bridge.host_binding_ipv4': publishedOn,
  },
})
