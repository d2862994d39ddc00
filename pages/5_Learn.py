"""Learn: eleven short lessons on the embedded model, with pictures that readers change; its town, and a glossary."""

from pages.learn import answering, choosing, glossary, handing, lesson, town
from pages.ui import frame

with frame.page("Learn"):
    choosing.draw()
    if choosing.part() == "glossary":
        glossary.draw(choosing.word())
    elif choosing.part() == choosing.TOWN:
        frame.part(town.draw, answering.goes_on)()
    else:
        frame.part(lesson.draw, answering.goes_on)()
        handing.draw()
