"""A visitor who has declined the tours of the pages, as most tests want one."""

PAGES = ("Explore", "Generate")
# Where a page may keep nothing, such as the empty one that a browser opens with, nothing is offered either.
DECLINED = f"try {{ for (const page of {[*PAGES]}) localStorage.setItem(`heta.tour.${{page}}`, 'over'); }} catch {{}}"
