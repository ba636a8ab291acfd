// The reader's place: at the end it follows what is written; whoever scrolls up is left alone until they come back.

/** Pixels from the end that still count as the end. */
const NEAR = 24;

export class Following {
  #area;
  #jump;
  #isFollowing = true;
  #top = 0;

  /** *area* scrolls, *content* grows in it, *jump* is the button that leads to the end. */
  constructor(area, content, jump) {
    this.#area = area;
    this.#jump = jump;
    area.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    area.addEventListener("wheel", ({ deltaY }) => deltaY < 0 && this.#leave(), { passive: true });
    jump.addEventListener("click", () => this.toEnd());
    const observer = new ResizeObserver(() => this.#settle());
    observer.observe(content);
    observer.observe(area);
  }

  toEnd() {
    this.#isFollowing = true;
    this.#settle();
  }

  /** Does *work* that changes what stands above, without moving what the reader looks at. */
  keep(work) {
    const distance = this.#distance();
    work();
    const { scrollHeight, clientHeight } = this.#area;
    this.#area.scrollTop = scrollHeight - clientHeight - distance;
  }

  #settle() {
    const { scrollHeight, clientHeight } = this.#area;
    if (this.#isFollowing) this.#area.scrollTop = scrollHeight - clientHeight;
    this.#top = this.#area.scrollTop;
    this.#jump.hidden = this.#isFollowing || this.#distance() < NEAR;
  }

  #scrolled() {
    const isUp = this.#area.scrollTop < this.#top - 1;
    this.#top = this.#area.scrollTop;
    if (this.#distance() < NEAR && !isUp) this.#isFollowing = true;
    else if (isUp && this.#distance() >= NEAR) this.#isFollowing = false;
    this.#jump.hidden = this.#isFollowing || this.#distance() < NEAR;
  }

  /** A turn of the wheel is smaller than what an answer may grow by in the same moment. */
  #leave() {
    if (this.#area.scrollHeight > this.#area.clientHeight) this.#isFollowing = false;
  }

  #distance() {
    const { scrollHeight, scrollTop, clientHeight } = this.#area;
    return scrollHeight - scrollTop - clientHeight;
  }
}
