// A real Berth with a browser in front of it. Pages are found as people find them, by role and by the words that they read,
// taken from the console's dictionary, so that one story runs in every language.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core'
import type { Client } from '../../src/client/client.ts'
import { type Db, openDb } from '../../src/db/db.ts'
import { inLanguage, type Language } from '../console/dictionary.ts'
import { Installation, until } from '../installation.ts'
import { consoleCatalog } from './catalog.ts'
import { launchChromium } from './chromium.ts'

export interface OpenConsole {
  page: Page
  context: BrowserContext
  /** The console's own words in the language of this page. */
  t: ReturnType<typeof inLanguage>
  /** What the page complained of: errors of scripts, and what its policy refused. */
  complaints: string[]
}

export interface OpenOptions {
  theme?: 'light' | 'dark'
  who?: 'owner' | 'operator'
}

export class ConsoleWorld {
  readonly installation = new Installation()
  browser: Browser | null = null

  /** Up, with money in the owner's wallet; `settings` are added to its berth.yaml. */
  async start(settings = ''): Promise<void> {
    const { installation } = this
    writeFileSync(join(installation.home, 'berth.yaml'), settings + consoleCatalog)
    const [browser] = await Promise.all([launchChromium(), installation.up()])
    this.browser = browser
    await this.topUp('100000000')
  }

  async topUp(amountFen: string): Promise<void> {
    const operator = await this.installation.client('operator')
    const { accountId } = this.installation.credentials().owner
    await operator.call('POST /v1/accounts/{accountId}/top-ups', { params: { accountId }, body: { amountFen } })
  }

  client(who: 'owner' | 'operator' = 'owner'): Promise<Client> {
    return this.installation.client(who)
  }

  /** What runs here keeps its books in it: for what takes weeks to come about. */
  async withDb<T>(work: (db: Db) => Promise<T>): Promise<T> {
    const { state } = await this.installation.status()
    const db = openDb({ connectionString: state?.databaseUrl ?? '', max: 2 })
    try {
      return await work(db)
    } finally {
      await db.destroy()
    }
  }

  /** The owner's first. */
  async workspaceId(): Promise<string> {
    const { items } = await (await this.client()).call('GET /v1/workspaces', {})
    return items[0]?.workspaceId ?? ''
  }

  async url(path: string): Promise<string> {
    const { state } = await this.installation.status()
    return new URL(path, state?.apiUrl).href
  }

  /** A browser of its own that reads this language; nobody is signed in. */
  async visit(language: Language, { theme = 'light' }: OpenOptions = {}): Promise<OpenConsole> {
    if (!this.browser) throw new Error('start the world first')
    const context = await this.browser.newContext({
      locale: language === 'zh' ? 'zh-CN' : 'en-US',
      colorScheme: theme,
      viewport: { width: 1280, height: 860 },
      timezoneId: 'Asia/Shanghai',
    })
    const page = await context.newPage()
    page.setDefaultTimeout(15_000)
    const complaints: string[] = []
    page.on('pageerror', error => complaints.push(String(error)))
    page.on('console', message => {
      // A refusal of the API is an answer that the page shows; the browser lists it as a failed load all the same.
      if (message.type() !== 'error' || /Failed to load resource/.test(message.text())) return
      const { url, lineNumber, columnNumber } = message.location()
      complaints.push(`${message.text()} (${url}:${lineNumber}:${columnNumber})`)
    })
    return { page, context, t: inLanguage(language), complaints }
  }

  /** The same, signed in, at the first page. */
  async open(language: Language, options: OpenOptions = {}): Promise<OpenConsole> {
    const open = await this.visit(language, options)
    await open.page.goto(await this.url('/'))
    await this.signIn(open, options.who)
    return open
  }

  async signIn({ page, t }: OpenConsole, who: 'owner' | 'operator' = 'owner'): Promise<void> {
    const { account, user, password } = this.installation.signIn(who)
    await page.getByRole('textbox', { name: t('signIn.account') }).fill(account)
    await page.getByRole('textbox', { name: t('signIn.user') }).fill(user)
    await page.getByLabel(t('signIn.password'), { exact: true }).fill(password)
    await page.getByRole('button', { name: t('signIn.submit') }).click()
    const first = who === 'operator' ? 'nav.accounts' : 'workspace.title'
    await page.getByRole('heading', { level: 1, name: t(first) }).waitFor()
  }

  async stop(): Promise<void> {
    await this.browser?.close()
    await this.installation.remove()
  }
}

/**
 * Confirms in a dialog, and waits until it has closed. Where the world has changed since it was looked at, the dialog says so,
 * shows what would happen now and asks again: then it is pressed again, as one is told.
 */
export async function confirmIn({ t }: Pick<OpenConsole, 't'>, dialog: Locator, action: string): Promise<void> {
  const button = dialog.getByRole('button', { name: action, exact: true }).last()
  const changed = dialog.getByText(t('refusal.WorldChanged'))
  await button.click()
  await until('the dialog has closed, or says why not', async () => (await dialog.isHidden()) || changed.isVisible())
  if (await changed.isVisible()) await button.click()
  await closed(dialog)
}

/** What it says where it stays open is why. */
export async function closed(dialog: Locator): Promise<void> {
  try {
    await dialog.waitFor({ state: 'hidden' })
  } catch (error) {
    throw new Error(`the dialog stays open: ${await dialog.innerText()}`, { cause: error })
  }
}
