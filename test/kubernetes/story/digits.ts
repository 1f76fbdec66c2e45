// The digits model on the cluster: the model server's image fetches it from this host, and real pictures are read.
import { readdirSync, readFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { classify } from '../../../src/cli/demo/load.ts'

const digits = fileURLToPath(new URL('../../../examples/digits/', import.meta.url))

export const digitsModel = (): Buffer => readFileSync(join(digits, 'model.onnx'))

/** Every picture that is there: its name begins with what it shows. */
export async function readPictures(target: { port: number; path: string; accessKey: string }) {
  const folder = join(digits, 'pictures')
  const agent = new Agent({ keepAlive: true })
  const url = `http://127.0.0.1:${target.port}${target.path}`
  const read: { name: string; label: string; score: number }[] = []
  for (const name of readdirSync(folder).filter(one => /^\d-.*\.(png|jpg)$/.test(one))) {
    const mediaType = extname(name) === '.png' ? 'image/png' : 'image/jpeg'
    const picture = { name, digit: name[0] ?? '', mediaType, body: readFileSync(join(folder, name)) }
    read.push({ name, ...(await classify({ url, accessKey: target.accessKey }, picture, agent)) })
  }
  agent.destroy()
  return { read, right: read.filter(({ name, label }) => name.startsWith(label)).length }
}
