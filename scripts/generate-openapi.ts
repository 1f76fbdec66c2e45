// Writes openapi.json and the client's types from the declared routes; with --check it only says whether they are current.
import { readFileSync, writeFileSync } from 'node:fs'
import { openApiDocument } from '../src/api/openapi.ts'
import { routes } from '../src/api/v1/routes.ts'
import { typesOf } from './typescript-of-schema.ts'

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
const document = openApiDocument(routes, version)
const outputs = {
  'openapi.json': `${JSON.stringify(document, null, 2)}\n`,
  'src/client/generated.ts': typesOf(document),
}

let stale = false
for (const [path, text] of Object.entries(outputs)) {
  if (process.argv.includes('--check')) {
    if (readOrEmpty(path) === text) continue
    stale = true
    console.error(`${path} is out of date: run \`npm run generate\` and commit it`)
  } else writeFileSync(path, text)
}
console.log(`operations: ${routes.length}`)
if (stale) process.exit(1)

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
