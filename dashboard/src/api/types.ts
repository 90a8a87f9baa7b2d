/** The shapes of the API by the names that the screens use. All of them come from the generated schema. */
import type { components, operations } from "./__generated__/schema";

type Schemas = components["schemas"];

export type Band = Schemas["Band"];
export type Severity = Schemas["Severity"];
export type AlertStatus = Schemas["AlertStatus"];
export type DismissReason = Schemas["DismissReason"];
export type FeedbackKind = Schemas["FeedbackKind"];
export type ImportKind = Schemas["Collection"];
export type ImportStatus = Schemas["ImportStatus"];
export type Group = Schemas["Group"];

export type Problem = Schemas["Problem"];
export type Me = Schemas["Me"];
export type Money = Schemas["Money"];
export type SparkPoint = Schemas["SparkPoint"];

export type AccountCard = Schemas["AccountCard"];
export type AccountPage = Schemas["AccountPage"];
export type AccountDetail = Schemas["AccountDetail"];
export type AccountView = Schemas["AccountView"];
export type NextAction = Schemas["NextAction"];
export type Measure = Schemas["Measure"];
export type Cap = Schemas["Cap"];
export type Assessment = Schemas["Assessment"];
export type Prediction = Schemas["Prediction"];
export type ExpectedAmount = Schemas["ExpectedAmount"];
export type HistoryDay = Schemas["HistoryDay"];
export type Explain = Schemas["Explanation"];
export type PredictionChanged = Schemas["PredictionExplanation"];
export type TimelineItem = Schemas["TimelineEntry"];
export type FactRow = Schemas["FactView"];
export type UsageDay = Schemas["UsageDayView"];

export type Tone = Schemas["Tone"];
export type ToneModel = Schemas["ToneModelView"];
export type ToneRun = Schemas["ToneRun"];
export type UsageOutlook = Schemas["UsageOutlookView"];
export type ExpectedUsage = Schemas["ExpectedUsageView"];

export type AccountProducts = Schemas["AccountProducts"];
export type NextProduct = Schemas["NextProduct"];
export type OwnedProduct = Schemas["OwnedProduct"];
export type ProductsView = Schemas["ProductsView"];
export type ProductFigures = Schemas["ProductFigures"];
export type ProductOwners = Schemas["ProductOwners"];
export type WhiteSpacePage = Schemas["WhiteSpacePage"];
export type WhiteSpaceRow = Schemas["WhiteSpaceRow"];
export type WhiteSpaceCell = Schemas["WhiteSpaceCell"];

export type Webhook = Schemas["WebhookView"];
export type NewWebhook = Schemas["NewWebhook"];
export type WebhookDelivery = Schemas["WebhookDelivery"];

export type Alert = Schemas["AlertView"];
export type AlertPage = Schemas["AlertPage"];
export type AlertPatch = Schemas["AlertPatch"];
export type Clause = Schemas["Clause"];
export type Feedback = Schemas["Feedback"];
export type FeedbackInput = Schemas["NewFeedback"];
export type Rule = Schemas["RuleView"];

export type Accuracy = Schemas["Accuracy"];
export type AccuracyPart = Schemas["AccuracyPart"];
export type Backtest = Schemas["Backtest"];
export type BacktestResult = Schemas["BacktestResult"];
export type BacktestSide = Schemas["BacktestSide"];
export type BacktestSubject = Schemas["BacktestSubject"];
export type MethodAccuracy = Schemas["MethodAccuracy"];
export type Share = Schemas["Share"];
export type Thresholds = Schemas["Thresholds"];
export type MissPage = Schemas["Page_Miss"];

export type LearntModel = Schemas["ModelsOfKind"];
export type ModelVersion = Schemas["ModelVersion"];
export type ModelCheck = Schemas["Check"];
export type ModelAmounts = Schemas["AmountValidation"];
export type ModelInterval = Schemas["Interval"];
export type TrainingRun = Schemas["TrainingRun"];
export type ModelsMonitoring = Schemas["ModelMonitoring"];
export type ModelWorld = Schemas["ModelWorld"];
export type WorldDrift = Schemas["Drift"];
export type PlaceModel = Schemas["PlaceModel"];

export type Today = Schemas["Today"];
export type TodayItem = Schemas["TodayItem"];
export type HygieneItem = Schemas["Hygiene"];
export type BandCounts = Schemas["BandCounts"];

export type Task = Schemas["Cta"];
export type TaskPage = Schemas["Page_Cta"];
export type TaskPatch = Schemas["CtaPatch"];
export type NewTask = Schemas["NewCta"];

export type Integration = Schemas["Integration"];
export type Delivery = Schemas["Delivery"];
export type Duplicate = Schemas["Duplicate"];
export type Duplicates = Schemas["Duplicates"];
export type Import = Schemas["Import"];
export type ImportPreview = Schemas["ImportPreview"];
export type Message = Schemas["NotificationView"];
export type MessagePage = Schemas["Page_NotificationView"];
export type Settings = Schemas["Settings"];

export type ScoreOverride = Schemas["AppliedOverride"];
export type Rollup = Schemas["AccountRollup"];
export type Scorecard = Schemas["ScorecardResult"];
export type ProfileSet = Schemas["ProfileSetDoc"];
export type MeasureChoice = Schemas["MeasureChoice"];
export type CapDoc = Schemas["CapDoc"];
export type ProfileDraft = Schemas["ProfileDraft"];
export type ProfileChange = Schemas["ProfileChange"];
export type ProfileVersion = Schemas["ProfileVersion"];
export type ProfileVersions = Schemas["ProfileVersions"];
export type ProfileVersionDetail = Schemas["ProfileVersionDetail"];
export type ProfileCatalogue = Schemas["ProfileCatalogue"];
export type ProfilePreview = Schemas["ProfilePreview"];

export type AccountsQuery = NonNullable<operations["list_accounts"]["parameters"]["query"]>;
export type AlertsQuery = NonNullable<operations["list_alerts"]["parameters"]["query"]>;
