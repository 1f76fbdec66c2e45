// What the environment says of the cluster that the stories are told on.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What is used of the cluster, by its name in the environment. */
export const settings = () => ({
  kubeconfig: process.env.KUBECONFIG ?? '',
  /** An image with Node in which the counted program runs. */
  nodeImage: process.env.BERTH_TEST_NODE_IMAGE || 'node:26',
  /** Berth's own, for `processor: onnx`; empty: there is none. */
  modelServerImage: process.env.BERTH_TEST_MODEL_SERVER_IMAGE ?? '',
  kubectl: process.env.BERTH_TEST_KUBECTL || 'kubectl',
})

export function kubectl(...args: string[]): Promise<{ stdout: string }> {
  const { kubectl: program, kubeconfig } = settings()
  return promisify(execFile)(program, ['--kubeconfig', kubeconfig, ...args], { maxBuffer: 64 * 1024 ** 2 })
}
