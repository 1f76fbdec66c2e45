// Services run as a user of their own when Berth was started as root; else everything is one user and one trust domain.
import { readFileSync } from 'node:fs'

export interface ServiceUser {
  uid: number
  gid: number
}

/** `berth-service` where the operator made such a user, else `nobody`; null when not root. */
export function serviceUser(
  passwd = readFileSync('/etc/passwd', 'utf8'),
  uid = process.getuid?.(),
): ServiceUser | null {
  if (uid !== 0) return null
  for (const name of ['berth-service', 'nobody']) {
    const entry = passwd
      .split('\n')
      .map(line => line.split(':'))
      .find(fields => fields[0] === name)
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) }
  }
  return null
}
