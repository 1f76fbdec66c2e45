// How service instances are run on Kubernetes: from berth.yaml.

export interface PodSettings {
  /** Tells our objects from those of another Berth on the same cluster. */
  installationId: string
  /** Whence pods may be called: what carries Berth's label in this namespace, */
  systemNamespace: string
  /** and these networks, for gateways outside the cluster. */
  gatewayNetworks: readonly string[]
  /** Keys of taints that machines may carry besides that of their group, as nodes with cards do. */
  tolerated: readonly string[]
  /** Whom programs run as, whatever their image says; never root. */
  runAsUser: number
  /** The root file system of containers can't be written; /tmp can. */
  readOnlyRoot: boolean
  /** What each instance may write, its log and /tmp included. */
  ephemeralStorageMib: number
  /** The image that runs `processor: onnx`; null: this installation has none. */
  modelServerImage: string | null
  /** Networks that models may come from although they are not public. */
  modelNetworks: readonly string[]
  /** Before the name of an image that names no registry: `mirror.example.org/library`. */
  imageMirror: string | null
}
