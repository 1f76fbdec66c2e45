// What we read of Docker Engine's API (1.41 and later): the fields that we use, in its own spelling.

export interface EngineInfo {
  ServerVersion: string
  LiveRestoreEnabled: boolean
  /** Where images and layers are. */
  DockerRootDir: string
  /** `ID` is empty or `N/A` where the engine finds no init program. */
  InitBinary?: string
  InitCommit?: { ID?: string }
  SecurityOptions?: string[]
}

export interface ContainerSummary {
  Id: string
  Labels: Record<string, string>
  /** Bytes that it wrote into its own layer, where sizes were asked for. */
  SizeRw?: number
  State: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
}

export interface ContainerState {
  Running: boolean
  OOMKilled: boolean
  ExitCode: number
  /** Why it could not be started. */
  Error: string
  StartedAt: string
  FinishedAt: string
}

export interface ContainerInspection {
  Id: string
  State: ContainerState
  Config: { Labels: Record<string, string>; StopSignal?: string }
  NetworkSettings: { Ports: Record<string, { HostIp: string; HostPort: string }[] | null> }
}

/** What a container is made from. */
export interface ContainerBody {
  Image: string
  Env: string[]
  Labels: Record<string, string>
  ExposedPorts: Record<string, object>
  /** Absent: the image's own. */
  Entrypoint?: string[]
  Cmd?: string[]
  HostConfig: {
    NetworkMode: string
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]>
    CpuPeriod: number
    CpuQuota: number
    Memory: number
    /** Memory and swap together: as much as the memory means no swap. */
    MemorySwap: number
    PidsLimit: number
    CapDrop: string[]
    CapAdd: string[]
    SecurityOpt: string[]
    Privileged: false
    ReadonlyRootfs: boolean
    Tmpfs: Record<string, string>
    Mounts: { Type: 'bind'; Source: string; Target: string; ReadOnly: boolean }[]
    Init: boolean
    RestartPolicy: { Name: 'no' }
    LogConfig: { Type: string; Config: Record<string, string> }
    DeviceRequests: { Driver: string; DeviceIDs: string[]; Capabilities: string[][] }[]
  }
}

export interface EngineEvent {
  Action: string
  Actor: { Attributes: Record<string, string> }
}
