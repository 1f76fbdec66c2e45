// The page's entry: theme, language, queries and routes around everything.
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { App, ConfigProvider, theme } from 'antd'
import enUS from 'antd/locale/en_US'
import zhCN from 'antd/locale/zh_CN'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { nonce } from './nonce.ts'
import { usePreferences } from './preferences.ts'
import { queryClient } from './queries.ts'
import { router } from './routes.tsx'
import { returnFocus } from './ui/return-focus.ts'

// Text is darker than Ant Design's own colours: 4.5 to 1 against what is behind it, placeholders and tags included.
const lightToken = {
  colorPrimary: '#1554d1',
  colorInfo: '#1554d1',
  colorLink: '#1554d1',
  colorSuccess: '#237804',
  colorWarning: '#a35200',
  colorError: '#c01120',
  // Under the pointer things grow darker: Ant Design's lighter ones are hard to read as text.
  colorPrimaryHover: '#0f43aa',
  colorLinkHover: '#0f43aa',
  colorErrorHover: '#970c18',
  colorInfoBg: '#e8f1ff',
  colorPrimaryBg: '#e8f1ff',
  colorSuccessBg: '#eef8e8',
  colorSuccessBorder: '#b4dca0',
  colorWarningBg: '#fff6e5',
  colorWarningBorder: '#f3cf94',
  colorErrorBg: '#fff0ef',
  colorErrorBorder: '#f5b5b0',
  colorTextTertiary: 'rgba(0,0,0,0.65)',
  colorTextDescription: 'rgba(0,0,0,0.65)',
  colorTextPlaceholder: 'rgba(0,0,0,0.6)',
}
/** What is chosen: the primary colour is too dark to be read on dark. */
const chosenOnDark = '#a9c4ff'
const darkToken = {
  colorPrimary: '#3d7bff',
  colorInfo: '#6ea0ff',
  colorLink: '#7aa7ff',
  // Under the pointer Ant Design's links grow darker than the page lets one read.
  colorLinkHover: chosenOnDark,
  colorLinkActive: chosenOnDark,
  colorSuccess: '#7ddc4c',
  colorWarning: '#ffc53d',
  colorError: '#ff8a87',
  colorTextTertiary: 'rgba(255,255,255,0.65)',
  colorTextDescription: 'rgba(255,255,255,0.65)',
  colorTextPlaceholder: 'rgba(255,255,255,0.6)',
}

const darkComponents = {
  Menu: { itemSelectedColor: chosenOnDark, subMenuItemSelectedColor: chosenOnDark },
  Dropdown: { colorPrimary: chosenOnDark },
  // White stands on the primary colour: under the pointer that grows darker too.
  Button: {
    colorPrimaryHover: '#2f5fd0',
    dangerColor: '#1f0404',
    defaultHoverColor: chosenOnDark,
    defaultHoverBorderColor: chosenOnDark,
  },
  Table: { rowSelectedBg: '#14203a', rowSelectedHoverBg: '#182748' },
  Tabs: { itemSelectedColor: chosenOnDark, inkBarColor: chosenOnDark },
}

function Console() {
  const { language, theme: chosen } = usePreferences()
  return (
    <ConfigProvider
      // Another language draws everything anew: no text of the old one stays behind.
      key={language}
      locale={language === 'zh' ? zhCN : enUS}
      csp={{ nonce }}
      theme={{
        algorithm: chosen === 'dark' ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { ...(chosen === 'dark' ? darkToken : lightToken), borderRadius: 4, motion: false },
        components: {
          Layout: { headerHeight: 48, headerPadding: '0 16px' },
          ...(chosen === 'dark' ? darkComponents : {}),
        },
      }}
      button={{ autoInsertSpace: false }}
    >
      <App className="app">
        <RouterProvider router={router} />
      </App>
    </ConfigProvider>
  )
}

const root = document.getElementById('root')
if (root) {
  returnFocus()
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <Console />
      </QueryClientProvider>
    </StrictMode>,
  )
}
