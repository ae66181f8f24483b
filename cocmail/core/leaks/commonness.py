"""How much a word tells: one that everybody uses tells nothing of who wrote it.

Owns the lists of common words, English and German, and the phrases that every letter and every
report may hold. Refuses to know any text of a case. Called by the other rooms of this package.
"""

from __future__ import annotations

from functools import lru_cache

from cocmail.core.leaks.likeness import fold, folded, stem

_ENGLISH = """
a about above across after afterwards again against ago all almost alone along already also
although always am among an and another any anybody anyone anything anyway are aren around as at
away back be became because become been before began begin behind being below beside besides
between both but by came can cannot come could couldn did didn do does doesn doing don done down
during each either else enough even ever every everybody everyone everything except far few first
five for former forward four from further get gets getting give given gives go goes going gone got
had hadn half has hasn have haven having he hello her here hers herself hi him himself his how
however hundred i if in indeed instead into is isn it its itself just keep keeps kept kind knew
know known knows last later least less let like likely little ll long look looked looking looks
lot m made make makes making many may maybe me mean means meant might mine more moreover most much
must my myself near need needed needs neither never nevertheless new next no nobody none nor not
nothing now of off often old on once one ones only onto or other others otherwise our ours
ourselves out over own past per perhaps please put quite rather re really right s said same saw
say saying says second see seem seemed seems seen several shall she should shouldn since six so
some somebody someone something sometimes somewhere soon still such sure t take taken takes taking
tell ten than thank thanks that the their theirs them themselves then there therefore these they
thing things think third this those though thought three through thus till to today together told
tomorrow too took toward towards tried try trying twice two under unless until up upon us use used
very via want wanted wants was wasn way we well went were weren what whatever when where whether
which while who whole whom whose why will with within without won would wouldn yes yesterday yet
you your yours yourself yourselves ve d
"""
_FREQUENT = """
able accept access act acted acting action actions add added address addresses afternoon age agree
agreed allow allowed anger angry answer answered answers apologise apologize apology appeal apply
april area argue argument aside ask asked asking asks attack attacked attention august avoid bad
based behave behaved behaviour behavior believe best better big bit board body book bring brought
build business call called calling calls calm care careful case cases cause certain chair chance
change changed changes channel channels chat children choose clear clearly close closed code
comment comments committee community complain complained complaint concern concerned concerns
conduct conference confirm consider contact contacted continue continued contribute contributor
contributors conversation copy correct course date day days deal december decide decided decision
decisions describe described detail details different difficult discuss discussed discussion
discussions dear doubt email emails end ended enforce especially evening event events example
experience explain explained fact fair feature february feel feeling feels felt fellow find fine
follow followed following force form forum found free friday friend friendly friends full future
general good great group groups guess guidelines guy guys hand happen happened happening happens
happy harass harassed harassing harassment hard hear heard held help helped hold home hope hour
hours house hurt idea important inappropriate incident incidents include included including
information insult insulted insulting insults interest issue issues january job join joined july
june kindly language late lead leave left letter letters life line lines link list listen lists
live local lose lost mail mailing mails main maintainer maintainers man march mark matter matters
measure measures meet meeting meetings member members men message messages minute minutes moderate
moderation moderator moderators moment monday month months morning move moved name named names
next nice night note noted november number october offend offended offensive office ok okay open
opinion order organiser organisers outcome page part people period permanent permanently person
personal personally place plan point points policy polite position possible post posted posting
posts power practice present private privately probably problem problems process project projects
promise public publicly pull question questions quick quickly quote raise raised read reading
ready real reason reasons received recent recently regarding regards remain remark remarks
remember remind remove removed reply replied repeat repeated repeatedly report reported reporting
reports request requests respect respectful respond responded response rest result return review
reviewed reviewer rude rule rules run safe saturday say school sender sent sentence september
serious set share shared short show showed shown side similar simple simply sincerely situation
small sorry sort speak speaking start started state stay step steps stop stopped story strong
subject suggest suggested sunday support suspend suspended suspension talk talked talking talks
team technical terms text thread threads threat threaten threatened threatening thursday time
times title together tone topic treat treated true trust tuesday turn turned understand understood
unwanted unwelcome urgent user users version violate violated violation view volunteer volunteers
vote wait waiting warn warned warning watch wednesday week weeks welcome wish woman women word
words work worked working works world worse worst write writes writing written wrong wrote year
years young patch bug commit merge contribution website software release source behaviours
standard standards approach appropriate attend attended attending attendee attendees aware
background basis break breaks campaign certainly changing comes coming communicate communication
complete completely consequence consequences considered contained copied currently cut directly
directed drafted during easily effect either entire entirely exactly existing expect expected
express expressed file final finally given giving grateful guideline handle handled handling
honest honestly hurtful ignore ignored immediately individual informed instance intend intended
intention involved keeping kindness learned leaving lift lifted limited looking lot lots mean
meaning mention mentioned mentioning mistake noticed notice obvious obviously offer offered
ongoing openly otherwise participant participants participate participation particular
particularly permitted plenty prevent provide provided purpose reach reached react reaction
reactions recall receive receiving record recorded refer reference referred refrain related
relevant reminder role running seek separate seriously serve situations someone's space spaces
specific stand statement submit submitted such suggestion suggestions taken telling thinking
timeline told totally unable understanding unfortunately update updated upset usual usually waited
whatever whether writer org com net www http https html mailto apologies affected allegation
allegations allegedly harmful harm conclude concluded conclusion committees membership moderated
subscribe subscribed subscriber subscribers subscription unsubscribe reinstated lasts last lasting
appeals appealed expires expire ends renewed renew fully partly
"""
_GERMAN = """
ab aber alle allem allen aller alles als also am an andere anderem anderen anderer anderes anders
auch auf aus ausser bald bei beide beiden beim bereits besonders bevor bin bis bitte bist da dabei
dadurch dafur dagegen daher damals damit danach daneben danke dann daran darauf daraus darf darin
daruber darum darunter das dass davon davor dazu dein deine dem den denen denn der deren des
deshalb dessen dich die dies diese diesem diesen dieser dieses dir doch dort du durch durfen ein
eine einem einen einer eines einfach einige einigen einmal er erst es etwa etwas euch euer fast
fur ganz gar gegen genug gern gerne gewesen gibt ging gut habe haben hallo hat hatte hatten
hattest heute hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer ihres im immer in ins
irgend ist ja je jede jedem jeden jeder jedes jemand jetzt kam kann kannst kein keine keinem
keinen keiner konnen konnte konnten kurz lange lassen man manche manchmal mehr mein meine meinem
meinen meiner meines mich mir mit muss mussen musste nach nachdem nachher nachste nachsten nein
nicht nichts nie niemand noch nun nur ob oben oder oft ohne schon sehr sei seid sein seine seinem
seinen seiner seines seit selbst sich sie sind so sobald solche soll sollen sollte sollten sondern
sonst soviel sowie statt trotz trotzdem uber um und uns unser unsere unserem unseren unserer unter
viel viele vielen vielleicht vom von vor vorher wahrend wann war waren warst warum was wegen weil
weit weiter welche welchem welchen welcher welches wem wen wenig wenige wenn wer werde werden
wessen wie wieder will wir wird wirklich wo wohl wollen wollte worden wurde wurden zu zum zur
zuruck zwar zwei zwischen zweite zweiten drei eins geht gehen gemacht machen macht kommen kommt
sagte sagen gesagt weiss wissen liebe lieber geehrte geehrter geehrten freundlichen freundliche
grussen grusse hiermit bezuglich sofern jedoch
"""
_FREQUENT_GERMAN = """
abend adresse anfrage angst anhang anliegen ansprechen antwort antworten antwortete arbeit
arbeiten art aufhoren ausschluss ausschuss bedrohung beginn begrundung beitrag beitrage beispiel
beleidigen beleidigt beleidigung beleidigungen bericht berichte beschwerde betreff bild bitten
brief community daten dauer dienstag donnerstag einspruch entscheiden entscheidung entschieden
entschuldigung ereignis ergebnis erhalten erste ersten fall falle folgen frage fragen frau freitag
freund freunde fuhlen gefuhl gehoren gehort gemeinschaft geschehen geschrieben gesprach gesprache
gewalt grenze grund gruppe haus heisst helfen herr hilfe hinweis hoffen information jahr jahre
kanal klar komitee konferenz kontakt leben leute liste listen mail mails massnahme massnahmen
meldung meldungen melden gemeldet mensch menschen mitglied mitglieder mitteilen mittwoch monat
monate montag morgen nachricht nachrichten nacht name namen offentlich ort person personen post
privat problem projekt punkt recht regel regeln respekt ruhe samstag satz schreiben schrieb schutz
seite sicher sonntag sperre stelle stunde stunden tag tage tagen teil ton treffen umgang
veranstaltung vergangenen verhalten verhaltensregeln verhaltenskodex verstehen verstoss
vertraulich vorfall vorfalle vortrag warnung weg wichtig woche wochen wort worte wunsch zeit
zusammen zukunft thema text allerdings anderen anfang angeben anlass annehmen ansehen aufgrund
ausdrucken ausserdem beachten bedauern bekommen bekannt bemerkt bereit beschreiben beschlossen
besprechen besser beteiligt betroffen betroffene betrifft bleiben bleibt brauchen bringen
darstellen dienen direkt eigentlich einhalten einverstanden endet enden entsprechend erklaren
erklart erlauben erreichen ernst erwarten falsch finden findet fest festgestellt fordern frist
fuhren gelten gilt gleich grundlich handeln haufig informieren informiert jeweils klaren
kontaktieren konsequenz konsequenzen kommende letzte letzten mitgeteilt moderiert moglich naher
nehmen notig nutzen nutzer ordnung prufen pruft richtig sachlich schicken schriftlich sehen spater
sprechen stellen stellungnahme teilen teilnehmen teilnahme tun uberhaupt ubrigen unangemessen
unangebracht verfahren verlangen vermeiden verpflichtet versuchen verwarnung vollstandig vorgehen
vorlaufig vorschlag weiterhin weitere weiteren zeigen ziehen zukunftig zustandig zunachst bisher
moderation moderator moderatoren projektliste mailingliste gesehen gelesen namlich wirksam gultig
uhr januar februar marz mai juni juli oktober dezember
"""
_EVERYDAY = """
abroad accident account adult advice afraid air airport alcohol alone ambulance animal apart
apartment appear apple apologised arm arrive article asleep audience author average award aware
baby bag bank bar base bathroom beach bear beat beautiful bed beer bench bike bird birth blind
blog blood blow blue boat body bone boot booth boss bother bottle bottom bowl box boy branch bread
break breakfast breath broken brother bus button buy cafe cake camera camp camping car card career
carry cat catch ceiling chat cheap cheek cheese chest child choice church cinema city class clean
client climb clock cloth clothes coat coffee cold collar college colour colleague company complete
computer cook cool corner corridor cost cough count country couple court cousin cover crazy cross
crowd cry culture cup cut dance dangerous dark data database daughter dead death debate deep
degree delete demand desk developer dinner dirty disease dish distance doctor document dog dollar
door dream dress drink drive driver drop drug dry dying ear early earn east easy eat edge editor
education egg employer empty engineer enjoy enter entrance error euro exam exit expensive expert
explode eye face factory fail fall family famous fan farm fast fat father fear fee feed fight
figure file fill film final finger fire fish fit fix flat flight floor flower fly food fool foot
football foreign forest forget forgive frame fresh front fruit fun funny game garden gate gay
gender gift girl girlfriend glass glove goal gold government grab grandmother green grey ground
grow guest guide gun habit hair half hall hallway hand hang happy hat hate head health heart heavy
height hell hide hill history hit hole holiday honest horse hospital host hot hotel hug huge human
hungry hurry husband ice idiot ill illegal image inside install insurance internet interview
invite island item jacket job joke journey judge jump key kick kid kill king kiss kitchen knee
knife knock lady lake lamp land laptop large laugh law lawyer lay lazy lead learn leather lecture
leg lesson library lie lift light lip liquid load lock loud love low luck lunch lying machine mad
magazine manager manner map market marriage married mask master meal meat medical medicine memory
metal method middle midnight milk mind mirror miss mistake mobile model money moon mother mountain
mouse mouth movie music naked narrow nation nature neck neighbour nervous network new news
newspaper nice noise normal north nose notice nurse object ocean odd offer online opposite option
orange outside owner pack package page pain paint pair pants paper parent park parking partner
party pass passport password past path pay peace pen people phone photo phrase pick picture piece
pink pipe plan plane plant plastic plate play player pocket poem police pool poor pregnant press
pretty price print prison prize produce product profile programme program proof proud pub public
pull push python queue quiet rain rape reach red refuse religion rent repository restaurant rich
ride ring river road rock roof room round row salary sale salt screen screenshot sea seat secret
sell server service session sex sexual shadow shake share sharp shirt shoe shop shoulder shout
shower shut shy sick sight sign silence silly sing sister sit size skin skirt sky sleep slide slow
smell smile smoke social sock soft song soul sound soup south space speaker speech speed spell
spend sport spring stage stair stand star stare station steal stomach stone storm stranger street
student studio study stuff stupid style success sugar suit summer sun supper surname swear sweet
swim system table tail tall taste tax taxi tea teach teacher tear telephone television ten tent
test thick thin throat throw ticket tie tired toilet tonight tooth top touch tour tower town toy
track trade train travel tree trip trouble truck twice type ugly uncle uniform university usual
valley van venue victim video village visit voice wake walk wall war warm wash waste water weak
wear weather weekend weight west wet wheel whisper white wide wife wild win wind window wine
winter wire wood worker workshop wound wrap yard yellow zero english german french american
project keynote panel sprint username login forum irc matrix channel packaging plugin backend
kernel module documentation translation meetup abends abendessen alkohol alt angestellt
arbeitgeber arzt auge augen auto bahn bahnhof ball bauch baum bein beruf bett bier boden brief
bruder buch chef dach dorf draussen drohen dumm dunkel ehe ehefrau ehemann eltern entschuldigt
erzahlen erzahlt essen fahren familie farbe fenster fest fett feuer fisch flur flug fluss foto
frau freundin fremd froh fruh fuss garten gast gebaude gefahr gefahrlich geld geschenk geschichte
gesicht glas haar haare hals handy hase hass hemd herz himmel hoch hof hose hund hunger idee insel
jacke junge kaffee kalt karte kasse kind kinder kino kirche klasse kleid klein knie kollege
kollegin konzert kopf korper kosten krank krankenhaus krieg kuche kuss lachen lachend laut lehrer
leise licht liebe lied lugen luft lust mach madchen mann mannlich markt mauer meer messer mittag
mittagessen morgens mund mude musik mutter nachbar nachts nase nass neu offen ohr papier platz
polizei preis rad raum regen reise ruck rufen sache sagt satze saal schlafen schlecht schlussel
schmerz schnee schnell schon schrank schreien schuh schuld schule schwach schwanger schwarz schwer
schwester see sehen singen sohn sommer sonne spat spass spiel sprache stadt stark stehen still
stimme stock stoff strasse stuhl sturm tanzen tasche tee telefon teller tier tisch tochter tod
toilette tragen traum treppe trinken tur turm vater vertrag vogel volk wagen wald wand wasser wein
weiss welt werfen wetter wohnen wohnung wut zahl zahn zeitung zelt zimmer zug sprecher referent
teilnehmer teilnehmerin rechner
"""
"""Words that nobody looks up, but that a letter needn't hold."""
_NAMES_TOO = """
grace hope rose art bill frank rich jack joy faith summer dean king cook hill brown white black
green price best wise sharp stone wood field fields rice bell rob sue pat drew chase guy wade
miles max penny ray gene dawn eve ivy lily daisy crystal star robin skip buck chip nick lance
pierce grant ward reed wells banks cross fox wolf moon love noble keen swift gray grey gold silver
church temple west east north south hall lane park lake river ford bridge day case will mark may
april june august page power young long short little small van baker carpenter smith fisher hunter
miller taylor mason potter turner walker weaver archer bishop knight shepherd gardener cooper
parker porter carter butler snow frost storm birch oak ash thorn berry apple cherry olive violet
ruby pearl amber jade opal hazel heather iris jasmine holly ginger basil angel destiny harmony
melody patience prudence charity mercy verity honor honour justice precious sunny misty sandy
rusty dusty bloom flower bush hedge marsh moor heath dale glen cliff sterling crown duke earl
baron prince major christian english french welsh chelsea florence sydney georgia virginia cash
barker singer painter kestrel falcon raven bird finch crane peacock swan
drake buckle post call sparrow wren street forest glade meadow brook burn stream
"""
_NAMES_TOO_GERMAN = """
klein gross lang weiss schwarz rot koch bauer richter ernst engel sommer winter herbst jung alt
neu stark kraft berg bach wald stein hof vogel fuchs hahn haas sauer fromm kaiser konig meister
sonntag freitag busch blum roth frey schneider fischer weber wagner schuster jager forster schafer
gartner maurer metzger backer kramer stern himmel teufel bar adler falke krebs kuhn stolz frohlich
ehrlich freund baum strauch zweig ast blatt dorn linde buche eiche tanne feld acker garten wiese
graben brunnen strom ufer zimmermann schreiber sanger maler muller schmied pfarrer bischof furst
graf herzog ritter krieger wind sturm hagel schnee frost keller kammer stube ofen kessel hammer
nagel sage zange mond rose lilie nelke veilchen heide moos farn
"""
_COURTESIES = """
Thank you for your message. Thank you for your report. Thank you for writing to us. Thank you for
telling us. Thank you for letting us know. Thank you for your answer. Thank you for your patience.
Thank you very much for your help. I would like to report. I am writing to report. We are writing
to you because. I am writing to you because. Please let me know if you need anything else from me.
Please let us know if you need anything else. Please let me know if you have any questions. If you
have any questions, please do not hesitate to contact us. please feel free to contact me. If there
is anything else, answer this mail. I hope this helps. We will get back to you as soon as
possible. I look forward to hearing from you. We look forward to hearing from you. Kind regards.
Best regards. Best wishes. Many thanks in advance. Yours sincerely. All the best. Take care. I am
sorry for what happened to you. We are sorry that this happened. We take this very seriously. I
don't know what to do. You don't have to answer. what you can do is the following. to the code of
conduct committee. the code of conduct of this community. a violation of the code of conduct. on
the mailing list. in the thread about. at the end of the day. for the time being. as far as I
know. in the last few days. in the last few weeks. for a long time. over the last two weeks.
during the last few months.

We have received your report and will look into it. The committee has decided the following. You
may appeal this decision. You can appeal within fourteen days by answering this mail. Please do
not contact anybody about this. We will not tell anybody who reported this. your posts will be
held for moderation. the thread will be closed. until further notice. in the name of the code of
conduct committee. We cannot share details of our deliberation. The committee has looked into what
you told us. Your report stays confidential. we will keep you informed.

The use of sexualized language or imagery, and sexual attention or advances of any kind. Trolling,
insulting or derogatory comments, and personal or political attacks. Public or private harassment.
Publishing others' private information, such as a physical or email address, without their
explicit permission. Other conduct which could reasonably be considered inappropriate in a
professional setting. Demonstrating empathy and kindness toward other people. Being respectful of
differing opinions, viewpoints, and experiences. Giving and gracefully accepting constructive
feedback. a harassment-free experience for everyone, regardless of age, body size, visible or
invisible disability, ethnicity, sex characteristics, gender identity and expression, level of
experience, education, socio-economic status, nationality, personal appearance, race, caste,
color, religion, or sexual identity and orientation.

no further contact. do not contact them again, directly or through others.

Vielen Dank für Ihre Nachricht. Vielen Dank für Ihre Meldung. Danke, dass Sie sich gemeldet haben.
Danke für die schnelle Antwort. Ich möchte einen Vorfall melden. Bitte melden Sie sich, wenn Sie
noch Fragen haben. Bitte geben Sie mir Bescheid, wenn Sie noch etwas von mir brauchen. Mit
freundlichen Grüßen. Viele Grüße. Herzliche Grüße. Liebe Grüße. Sehr geehrte Damen und Herren. Wir
melden uns, sobald wir mehr wissen. Es tut uns leid, dass Ihnen das passiert ist. ein Verstoß
gegen den Verhaltenskodex. auf der Mailingliste. Wir nehmen das sehr ernst. in den letzten Wochen.

Wir haben Ihre Meldung erhalten und kümmern uns darum. Sie können gegen diese Entscheidung
Einspruch einlegen. Bitte nehmen Sie keinen Kontakt auf. Ihre Beiträge werden bis dahin moderiert.
im Namen des Komitees für den Verhaltenskodex. Wir behandeln Ihre Meldung vertraulich. Ihre
Angaben bleiben vertraulich. Wir halten Sie auf dem Laufenden. Die Verwendung sexualisierter
Sprache oder Bilder und unerwünschte sexuelle Aufmerksamkeit oder Annäherungen. Trollen,
beleidigende oder herabwürdigende Kommentare sowie persönliche oder politische Angriffe.
Öffentliche oder private Belästigung. Das Veröffentlichen von privaten Informationen anderer ohne
ausdrückliche Erlaubnis.
"""
"""What every letter may say: courtesies, fixed phrases, the words of common codes of conduct."""


def words_in(text: str) -> frozenset[str]:
    """The folded words of a list."""
    return frozenset(fold(word) for word in text.split())


_FUNCTION_OF = {"en": words_in(_ENGLISH), "de": words_in(_GERMAN)}
_ORDINARY_OF = {"en": words_in(_FREQUENT), "de": words_in(_FREQUENT_GERMAN)}
_NAMES_OF = {"en": words_in(_NAMES_TOO), "de": words_in(_NAMES_TOO_GERMAN)}
_FUNCTION = _FUNCTION_OF["en"] | _FUNCTION_OF["de"]
_ORDINARY = _ORDINARY_OF["en"] | _ORDINARY_OF["de"]
_ORDINARY_STEMS = frozenset(stem(word) for word in _ORDINARY)
_KNOWN = words_in(_EVERYDAY)
_KNOWN_STEMS = frozenset(stem(word) for word in _KNOWN)
COURTESIES = tuple(folded(line) for line in _COURTESIES.strip().split("\n\n"))


def language(found: list[str]) -> str:
    """The language that most small words of a text are in; "en" where neither leads."""
    de, en = _FUNCTION_OF["de"], _FUNCTION_OF["en"]
    german = sum(word in de and word not in en for word in found)
    english = sum(word in en and word not in de for word in found)
    return "de" if german > english else "en"


def is_word(word: str, tongue: str) -> bool:
    """Whether a folded word means something beside being somebody's name."""
    return (
        word in _FUNCTION_OF[tongue]
        or word in _ORDINARY_OF[tongue]
        or word in _NAMES_OF[tongue]
        or word in _KNOWN
    )


def is_plain(word: str) -> bool:
    """Whether a folded word is so common, and so rarely a name, that it names nobody alone."""
    known = word in _FUNCTION or word in _ORDINARY
    return known and word not in _NAMES_OF["en"] and word not in _NAMES_OF["de"]


@lru_cache(maxsize=65_536)
def weight(word: str) -> float:
    """What a folded word tells: 0 for a small word, 2 for one that hardly anybody uses."""
    if word in _FUNCTION:
        return 0.0
    if word in _ORDINARY or stem(word) in _ORDINARY_STEMS or (word.isascii() and len(word) < 3):
        return 0.4
    if word.isdigit():
        return 0.4 if len(word) < 3 or (len(word) == 4 and word[:2] in ("19", "20")) else 1.2
    if word in _KNOWN or stem(word) in _KNOWN_STEMS:
        return 1.0
    if not word.isascii() and len(word) == 1:
        return 0.5  # a sign of a script without spaces
    return 2.0 if len(word) > 7 else 1.6
