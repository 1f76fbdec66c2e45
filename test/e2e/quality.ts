// What every page owes whoever reads it: nothing that axe calls serious, nothing cut off, nothing under something else.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const inPageSource = readFileSync(new URL('./in-page.js', import.meta.url), 'utf8')
const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation {
  id: string
  impact: string | null
  nodes: { target: string[]; failureSummary?: string }[]
}

/** What depends on the colours alone. */
export const colourRules = ['color-contrast', 'link-in-text-block'] as const

/** `rule: node, how to mend it`, of what axe calls serious or critical; of these rules only, if they are given. */
export async function accessibilityProblems(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Not through a script element: the page's policy refuses those.
  await page.evaluate(axeSource)
  const options = { resultTypes: ['violations'], ...(rules ? { runOnly: { type: 'rule', values: rules } } : {}) }
  const violations = await page.evaluate(async options => {
    const { axe } = globalThis as unknown as { axe: { run(options: object): Promise<{ violations: Violation[] }> } }
    return (await axe.run(options)).violations
  }, options)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(node => `${id}: ${node.target.join(' ')} ${node.failureSummary?.split('\n')[1]?.trim() ?? ''}`),
    )
}

/** What does not fit into the window: the page itself, or something to press that is cut off or lies under another. */
export const layoutProblems = (page: Page): Promise<string[]> => page.evaluate(`${inPageSource}; layoutProblems()`)

/** What has the focus, null for nothing, and whether one sees where it is. */
export const focusNow = (page: Page): Promise<{ at: string | null; seen: boolean }> =>
  page.evaluate(`${inPageSource}; focusNow()`)
