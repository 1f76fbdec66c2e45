// Certificates of 127.0.0.1, made anew for each test file by openssl.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** `<name>.crt` and `<name>.key` in a directory, with the name as common name; `names`: what else it is good for. */
export function makeCertificate(dir: string, name: string, names: readonly string[] = []): void {
  const others = names.map(one => `,DNS:${one}`).join('')
  const out = ['-keyout', join(dir, `${name}.key`), '-out', join(dir, `${name}.crt`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const subject = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:127.0.0.1${others}`]
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...out], { stdio: 'ignore' })
}
