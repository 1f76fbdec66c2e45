// Why a container ended, or never began, in the words of every driver. Pure.
import { constants } from 'node:os'
import type { RuntimeObservation } from '../../services/driver.ts'
import type { ContainerState } from './engine-types.ts'

export type Ended = Extract<RuntimeObservation, { state: 'ended' }>

/** What we did to it, which is then why it ended. */
export interface Cause {
  reason: 'Stopped' | 'StartTimeout' | 'Unhealthy' | 'OOMKilled'
  message: string
}

export const overMemory = (memoryMiB: number): Cause => ({
  reason: 'OOMKilled',
  message: `used more than its ${memoryMiB} MiB of memory`,
})

export function endOf(state: ContainerState, cause: Cause | null, memoryMiB: number): Ended {
  const exit = exitOf(state.ExitCode)
  if (cause !== null) return { state: 'ended', ...cause, ...exit }
  if (neverStarted(state)) return failedToStart(state.Error)
  if (state.OOMKilled) return { state: 'ended', ...overMemory(memoryMiB), ...exit }
  const how = exit.signal === null ? `with exit code ${exit.exitCode}` : `on ${exit.signal}`
  return { state: 'ended', reason: 'Exited', ...exit, message: `ended by itself ${how}` }
}

/** Killed, and the engine does not say by whom. */
export const isKill = (state: ContainerState): boolean =>
  !state.OOMKilled && exitOf(state.ExitCode).signal === 'SIGKILL'

const neverStarted = ({ StartedAt, Error: error }: ContainerState): boolean =>
  error !== '' && StartedAt.startsWith('0001-')

/** Docker tells of a signal only by the shell's custom of adding it to 128. */
function exitOf(code: number): { exitCode: number | null; signal: string | null } {
  const [signal] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? []
  return signal === undefined ? { exitCode: code, signal: null } : { exitCode: null, signal }
}

const failed = (reason: string, message: string): Ended => ({
  ...{ state: 'ended', reason, exitCode: null, signal: null, message },
})

/** In the engine's words, but for its own layers' names before them; with the way out where we know one. */
export function failedToStart(words: string): Ended {
  if (words.includes('could not select device driver')) {
    return failed(
      'SpawnFailed',
      'this Docker can hand no NVIDIA cards to containers: install the NVIDIA Container Toolkit (`nvidia-ctk runtime configure`) and restart Docker',
    )
  }
  const [said = words] = words.split('unable to start container process: ').slice(-1)
  return failed('SpawnFailed', `Docker could not start it: ${said.replace(/: unknown$/, '')}`)
}

/** With these the engine's init program ends when it can't start ours, and a shell too. */
export const isOfInit = (exitCode: number): boolean => exitCode === 126 || exitCode === 127

/** The init program's last word; null: it is none of its. */
export function initFailed(line: string): Ended | null {
  const [, said] = /^\[FATAL tini \(\d+\)\] (.*)$/.exec(line) ?? []
  return said === undefined ? null : failed('SpawnFailed', `Docker could not start it: ${said}`)
}

const unreachable =
  /no such host|connection refused|dial tcp|i\/o timeout|timeout exceeded|handshake|unreachable|deadline exceeded|server gave HTTP|x509|EOF/i
const unauthorised = /unauthorized|denied|authentication|no basic auth|incorrect username|forbidden/i
const unknown = /manifest unknown|not found|name unknown|does not exist|invalid reference/i

/** Why an image could not be fetched, from the registry's words. */
export function imageFailed(image: string, words: string): Ended {
  const said = `(${words.trim()})`
  if (/no space left/i.test(words))
    return failed(
      'ImageUnavailable',
      `image ${image}: Docker's disk is full ${said}: \`docker system prune\` frees room`,
    )
  if (unauthorised.test(words))
    return failed(
      'ImageUnavailable',
      `image ${image}: its registry does not give it to us ${said}: check the name, and set dockerAuth to base64 of user:password`,
    )
  if (unreachable.test(words))
    return failed(
      'ImageUnavailable',
      `image ${image} is not on this host and its registry can't be reached ${said}: check the network, or bring the image with \`docker load\``,
    )
  if (unknown.test(words))
    return failed('ImageUnavailable', `image ${image}: its registry has none of that name and tag ${said}`)
  return failed('ImageUnavailable', `image ${image} could not be fetched ${said}`)
}

export const imageMissing = (image: string): Ended =>
  failed(
    'ImageUnavailable',
    `image ${image} is not on this host and \`docker.pull\` in berth.yaml is never: bring it with \`docker load\` or \`docker pull\``,
  )
