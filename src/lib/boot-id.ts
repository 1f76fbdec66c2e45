// Which boot of the host this is: pids and times since boot mean something within one boot only.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

export async function bootId(): Promise<string> {
  if (process.platform === 'linux') return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return (await promisify(execFile)('sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim()
}
