// Search runs in a worker, which browsers refuse to a page that is opened from the disk. There a hidden frame does its work:
// the theme looks for a class of this name. https://squidfunk.github.io/mkdocs-material/plugins/offline/
if (location.protocol === "file:") {
  window.IFrameWorker = class extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = null
      this.frame = document.createElement("iframe")
      this.frame.hidden = true
      this.ready = new Promise(done => {
        window.addEventListener("message", event => {
          if (event.source !== this.frame.contentWindow) return
          if (event.data === "worker is there") return done()
          const told = new MessageEvent("message", { data: event.data })
          this.dispatchEvent(told)
          if (this.onmessage) this.onmessage(told)
        })
      })
      this.frame.srcdoc = `<script>
        const answer = parent.postMessage.bind(parent)
        window.postMessage = data => answer(data, "*")
        window.importScripts = (...urls) => urls.reduce((before, each) => before.then(() => new Promise((done, fail) => {
          const script = document.createElement("script")
          script.src = each
          script.onload = done
          script.onerror = fail
          document.head.append(script)
        })), Promise.resolve())
      <\/script><script src="${url}" onload="answer('worker is there', '*')"><\/script>`
      document.body.append(this.frame)
    }
    postMessage(data) {
      this.ready.then(() => {
        const there = this.frame.contentWindow
        const told = new there.MessageEvent("message", { data: JSON.parse(JSON.stringify(data)) })
        there.dispatchEvent(told)
      })
    }
    terminate() {
      this.frame.remove()
    }
  }
  window.Worker = window.IFrameWorker
}
