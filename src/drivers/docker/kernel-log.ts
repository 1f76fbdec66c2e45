// What the host's kernel says of a container, where its log may be read (root, or kernel.dmesg_restrict = 0) and the engine
// runs on this host. On cgroup v1 the engine never hears of a kill for want of memory whose cgroup is gone before it looks
// (seen in 1 of 120 ends); the kernel has written it down by then, ten of them in five seconds at most.
import { closeSync, constants, openSync, readSync } from 'node:fs'

const recordMax = 8_192
const isOver = 'EAGAIN'
/** What was to be read next was overwritten meanwhile: the next read goes on after the gap. */
const isGap = 'EPIPE'

/** Whether the kernel has killed one of the container's processes for want of memory; false where its log is closed to us. */
export function kernelKilledForMemory(containerId: string): boolean {
  try {
    for (const record of recordsOf('/dev/kmsg')) if (isOomKillIn(record, containerId)) return true
  } catch {
    // Closed to us, or there is none.
  }
  return false
}

/** `oom_memcg=/docker/<id>`, or under systemd `/system.slice/docker-<id>.scope`; a child group of it counts. */
export function isOomKillIn(record: string, containerId: string): boolean {
  const [, group] = /;oom-kill:.*\boom_memcg=([^,]*)/.exec(record) ?? []
  return group?.includes(containerId) ?? false
}

/** One per read, as the device gives them. */
function* recordsOf(path: string): Generator<string> {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const buffer = Buffer.alloc(recordMax)
    for (;;) {
      try {
        yield buffer.toString('latin1', 0, readSync(file, buffer))
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === isOver) return
        if (code !== isGap) throw error
      }
    }
  } finally {
    closeSync(file)
  }
}
